/**
 * A discrete-event simulation of a deployment: its token path, its joins, the death of a gateway
 * and the failover of a Redis shard. Gateways are alike and so are shards, so a few of each are
 * simulated, with the load that one of them has at the whole size. Each is one queue that is served
 * in order; a service takes its unit cost on average, and is exponential.
 */
import TinyQueue from "tinyqueue";
import type { Costs } from "./costs.ts";
import { type Load, type Needs, tokenOf } from "./model.ts";

/** Gateways that are simulated. */
const GATEWAYS = 6;
/** Tokens of one simulation, and its seconds at most. */
const TOKENS_MAX = 120_000;
const SECONDS_MAX = 5;
/** Milliseconds before the first and the second try to come back, as the SDK waits. */
const BACKOFF_MS = 250;
/** Milliseconds over which clients notice that their process is gone. */
const NOTICE_MS = 50;
const US = 1e6;

export type Percentiles = { readonly p50: number; readonly p99: number; readonly p999: number };

export type Simulated = {
  /** Microseconds from emit to receive, on the emitter's gateway and on others; null without. */
  readonly same: Percentiles;
  readonly across: Percentiles | null;
  /** Microseconds of a join, in gateway and Redis; null without joins. */
  readonly joining: Percentiles | null;
  /** Share of a core: of a gateway, and of a shard. */
  readonly gatewayBusy: number;
  readonly redisBusy: number;
  readonly death: {
    readonly connections: number;
    /** Seconds until half, 99 % and all have joined again. */
    readonly halfBack_s: number;
    readonly mostBack_s: number;
    readonly allBack_s: number;
    /** Microseconds of tokens on the gateways that take them, meanwhile. */
    readonly tokens: Percentiles;
  };
  readonly failover: {
    /** Seconds for which the shard's conversations make no join, and cross no gateway. */
    readonly outage_s: number;
    readonly joinsWaiting: number;
    /** Seconds from its beginning until the last join that waited has joined. */
    readonly recovered_s: number;
    /** Tokens that did not cross between gateways, each reported by a gap. */
    readonly tokensGapped: number;
  };
};

export function simulate(load: Load, needs: Needs, costs: Costs, seed: number): Simulated {
  const random = seeded(seed);
  const steady = new Run(load, needs, costs, random);
  const tokens = steady.tokens(TOKENS_MAX, SECONDS_MAX);
  const joins = Math.min(TOKENS_MAX, load.joinsPerSecond * tokens.seconds * steady.sampled);
  for (let join = 0; join < joins; join += 1) steady.join(random() * tokens.seconds * US);
  steady.play();
  return {
    same: percentilesOf(steady.same),
    across: steady.across.length === 0 ? null : percentilesOf(steady.across),
    joining: steady.joining.length === 0 ? null : percentilesOf(steady.joining),
    gatewayBusy: steady.gatewayBusy(tokens.seconds),
    redisBusy: steady.redisBusy(tokens.seconds),
    death: deathOf(load, needs, costs, random),
    failover: failoverOf(load, needs, costs, random),
  };
}

/** One queue, served in order. */
type Server = { freeAt: number; busyUs: number };
type Event = { readonly at: number; readonly happen: (at: number) => void };

class Run {
  readonly same: number[] = [];
  readonly across: number[] = [];
  readonly joinedAt: number[] = [];
  readonly joining: number[] = [];
  readonly #load: Load;
  readonly #needs: Needs;
  readonly #costs: Costs;
  readonly #random: () => number;
  readonly #gateways: readonly Server[];
  readonly #shards: readonly Server[];
  /** By how much a simulated shard is faster than a real one, so that it is as busy. */
  readonly #shardScale: number;
  readonly #events = new TinyQueue<Event>([], (one, other) => one.at - other.at);

  constructor(load: Load, needs: Needs, costs: Costs, random: () => number) {
    this.#load = load;
    this.#needs = needs;
    this.#costs = costs;
    this.#random = random;
    const gateways = Math.min(GATEWAYS, needs.gateways);
    const shards = Math.max(1, Math.round((needs.shards * gateways) / needs.gateways));
    const server = (): Server => ({ freeAt: 0, busyUs: 0 });
    this.#gateways = Array.from({ length: gateways }, server);
    this.#shards = Array.from({ length: shards }, server);
    this.#shardScale = (shards * needs.gateways) / (gateways * needs.shards);
  }

  get sampled(): number {
    return this.#gateways.length / this.#needs.gateways;
  }

  gatewayBusy(seconds: number): number {
    return busyOf(this.#gateways, seconds);
  }

  redisBusy(seconds: number): number {
    return busyOf(this.#shards, seconds);
  }

  /** Tokens of the simulated gateways, at random moments. */
  tokens(most: number, secondsMax: number): { readonly seconds: number } {
    const perSecond = this.#load.tokensPerSecond * this.sampled;
    const seconds = perSecond === 0 ? secondsMax : Math.min(secondsMax, most / perSecond);
    let at = 0;
    const next = () => {
      at += (this.#exponential(1) * US) / perSecond;
      if (at >= seconds * US) return;
      this.#at(at, (now) => {
        this.#token(now);
        next();
      });
    };
    if (perSecond > 0) next();
    return { seconds };
  }

  /** A join that begins now at any of the gateways. */
  join(at: number): void {
    const { gatewayPerJoinUs, redisPerJoinUs } = this.#costs;
    const gateway = this.#anyGateway();
    this.#at(at, (now) => {
      // Before the answer of the store, and after it.
      const asked = this.#serve(gateway, now, gatewayPerJoinUs / 2);
      this.#at(asked, (then) => {
        const answered = this.#serve(this.#anyShard(), then, redisPerJoinUs * this.#shardScale);
        this.#at(answered, (last) => {
          const joined = this.#serve(gateway, last, gatewayPerJoinUs / 2);
          this.joinedAt.push(joined);
          this.joining.push(joined - at);
        });
      });
    });
  }

  play(): void {
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      event.happen(event.at);
    }
  }

  #token(at: number): void {
    const { membersPerConversation, spread } = this.#needs;
    const { pathSameGatewayUs, pathAcrossUs, redisPerPublishUs, assumed } = this.#costs;
    const readers = Math.max(0, membersPerConversation - 1);
    const { emissionUs } = tokenOf(this.#costs, readers, spread);
    const away = spread - 1;
    const further = Math.max(0, readers - 1 - away) * this.#costs.gatewayPerFurtherDeliveryUs;
    const here = emissionUs + further / spread;
    const emitted = this.#serve(this.#anyGateway(), at, here);
    this.same.push(emitted - at + pathSameGatewayUs);
    if (away <= 0) {
      this.#serve(this.#anyShard(), emitted, redisPerPublishUs * this.#shardScale);
      return;
    }
    this.#at(emitted, (now) => {
      const cost = redisPerPublishUs + assumed.redisPerListenerUs * away;
      const published = this.#serve(this.#anyShard(), now, cost * this.#shardScale);
      for (let other = 0; other < Math.round(away); other += 1) {
        this.#at(published, (then) => {
          const arrival = assumed.gatewayPerArrivalUs + further / spread;
          const delivered = this.#serve(this.#anyGateway(), then, arrival);
          this.across.push(delivered - at + pathAcrossUs);
        });
      }
    });
  }

  #at(at: number, happen: (at: number) => void): void {
    this.#events.push({ at, happen });
  }

  /** When a work that comes now is done. */
  #serve(server: Server, at: number, meanUs: number): number {
    const workUs = this.#exponential(meanUs);
    server.freeAt = Math.max(server.freeAt, at) + workUs;
    server.busyUs += workUs;
    return server.freeAt;
  }

  #anyGateway(): Server {
    return this.#anyOf(this.#gateways);
  }

  #anyShard(): Server {
    return this.#anyOf(this.#shards);
  }

  #anyOf(servers: readonly Server[]): Server {
    const chosen = servers[Math.floor(this.#random() * servers.length)];
    if (chosen === undefined) throw new Error("A simulation has servers.");
    return chosen;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#random()) * mean;
  }
}

/** The clients of one gateway come back to all others. */
function deathOf(load: Load, needs: Needs, costs: Costs, random: () => number): Simulated["death"] {
  const connections = Math.round(needs.connectionsPerGateway);
  const run = new Run(load, needs, costs, random);
  run.tokens(TOKENS_MAX, SECONDS_MAX);
  const others = Math.max(1, needs.gateways - 1);
  const joins = Math.max(1, Math.round((connections * run.sampled * needs.gateways) / others));
  for (let join = 0; join < joins; join += 1) run.join(random() * NOTICE_MS * 1_000);
  run.play();
  const sorted = run.joinedAt.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? 0) / US;
  const tokens = percentilesOf(run.across.length > 0 ? run.across : run.same);
  return { connections, halfBack_s: at(0.5), mostBack_s: at(0.99), allBack_s: at(1), tokens };
}

/** Joins that need the shard try again until a replica has taken over. */
function failoverOf(
  load: Load,
  needs: Needs,
  costs: Costs,
  random: () => number,
): Simulated["failover"] {
  const outage_s = costs.assumed.redisFailoverSeconds;
  const perSecond = load.joinsPerSecond / needs.shards;
  const waiting = Math.min(TOKENS_MAX, Math.round(perSecond * outage_s));
  const perJoinUs = costs.redisPerJoinUs / load.free;
  let freeAt = outage_s * US;
  const tries = Array.from({ length: waiting }, () => random() * outage_s * US)
    .map((from) => comingBack(from, outage_s * US, random))
    .sort((one, other) => one - other);
  for (const at of tries) freeAt = Math.max(freeAt, at) - Math.log(1 - random()) * perJoinUs;
  const crosses = needs.spread > 1 ? load.tokensPerSecond / needs.shards : 0;
  return {
    outage_s,
    joinsWaiting: waiting,
    recovered_s: freeAt / US,
    tokensGapped: Math.round(crosses * outage_s),
  };
}

/** When a client that began to try at `from` tries for the first time after the outage. */
function comingBack(from: number, outageUs: number, random: () => number): number {
  let at = from;
  for (let backoffMs = BACKOFF_MS; at < outageUs; backoffMs *= 2) {
    at += backoffMs * 1_000 * (0.5 + random() / 2);
  }
  return at;
}

function busyOf(servers: readonly Server[], seconds: number): number {
  const busyUs = servers.reduce((sum, server) => sum + server.busyUs, 0);
  return seconds === 0 ? 0 : busyUs / US / seconds / servers.length;
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** mulberry32: the same seed is the same run. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
