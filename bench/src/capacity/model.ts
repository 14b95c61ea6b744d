/** What a deployment takes, from its load and the unit costs: sums, and nothing random. */
import type { Costs } from "./costs.ts";

/** Where the members of a conversation are: all on one gateway, or on any. */
export type Placement = "together" | "anywhere";

export type Load = {
  readonly conversations: number;
  readonly connections: number;
  /** Of all streams together; each travels alone, which is the more expensive case. */
  readonly tokensPerSecond: number;
  readonly tokenBytes: number;
  readonly joinsPerSecond: number;
  readonly placement: Placement;
  /** Share of every core that stays free. */
  readonly free: number;
};

export type Needs = {
  readonly membersPerConversation: number;
  readonly deliveriesPerSecond: number;
  readonly gateways: number;
  /** Gateways that hold members of one conversation, on average. */
  readonly spread: number;
  readonly emissionCores: number;
  readonly deliveryCores: number;
  readonly joinCores: number;
  readonly connectionsPerGateway: number;
  readonly memoryBytes: number;
  readonly redisCores: number;
  readonly shards: number;
  readonly redisBytesPerSecond: number;
  readonly readerBytesPerSecond: number;
};

/** Keys and channels lie on so many partitions, which is the most shards that share the work. */
export const SHARDS_MAX = 128;
/** Rounds after which the number of gateways no longer changes what it depends on. */
const ROUNDS = 50;

export function needsOf(load: Load, costs: Costs): Needs {
  let gateways = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = needsWith(load, costs, gateways).gateways;
    if (next === gateways) break;
    gateways = next;
  }
  return needsWith(load, costs, gateways);
}

function needsWith(load: Load, costs: Costs, gateways: number): Needs {
  const { connections, conversations, tokensPerSecond, free, placement } = load;
  const members = connections / conversations;
  const readers = Math.max(0, members - 1);
  const spread = placement === "together" ? 1 : spreadOf(members, gateways);
  const { emissionUs, deliveryUs } = tokenOf(costs, readers, spread);
  const emissionCores = (tokensPerSecond * emissionUs) / 1e6;
  const deliveryCores = (tokensPerSecond * deliveryUs) / 1e6;
  const joinCores = (load.joinsPerSecond * costs.gatewayPerJoinUs) / 1e6;
  const cores = emissionCores + deliveryCores + joinCores;
  const needed = Math.max(1, Math.ceil(cores / (1 - free)));
  const redisUs = costs.redisPerPublishUs + costs.assumed.redisPerListenerUs * (spread - 1);
  const joinsOfRedis = (load.joinsPerSecond * costs.redisPerJoinUs) / 1e6;
  const redisCores = (tokensPerSecond * redisUs) / 1e6 + joinsOfRedis;
  return {
    membersPerConversation: members,
    deliveriesPerSecond: tokensPerSecond * readers,
    gateways: needed,
    spread,
    emissionCores,
    deliveryCores,
    joinCores,
    connectionsPerGateway: connections / needed,
    memoryBytes: connections * costs.gatewayPerConnectionBytes + needed * costs.gatewayProcessBytes,
    redisCores,
    shards: Math.max(1, Math.ceil(redisCores / (1 - free))),
    redisBytesPerSecond: tokensPerSecond * spread * costs.redisBytesPerToken,
    readerBytesPerSecond: tokensPerSecond * readers * (costs.frameBytes + load.tokenBytes),
  };
}

/** Processor time of one token: where it is emitted, and for all other deliveries. */
export function tokenOf(costs: Costs, readers: number, spread: number) {
  const { gatewayPerLoneTokenUs, gatewayPerFurtherDeliveryUs, assumed } = costs;
  const away = spread - 1;
  const further = Math.max(0, readers - 1 - away) * gatewayPerFurtherDeliveryUs;
  return {
    emissionUs: gatewayPerLoneTokenUs,
    deliveryUs: away * assumed.gatewayPerArrivalUs + further,
  };
}

/** How many of so many gateways hold one of the members, when each is on any of them. */
export function spreadOf(members: number, gateways: number): number {
  return gateways * (1 - (1 - 1 / gateways) ** members);
}
