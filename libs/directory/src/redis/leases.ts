/** Gateways' leases on Redis, and the sweep of those that died without notice. */

import type { AccountId, ConversationId, StreamId } from "@ams/protocol";
import { answered, textsOf } from "@ams/store";
import { PARTITIONS } from "../channels.ts";
import type { Held, Leases } from "../directory.ts";
import type { ConnectionId, GatewayId } from "../records.ts";
import { leaveStream, releaseSlot } from "./presence.ts";
import { endLease, heartbeat, takeLapsed } from "./scripts/leases.ts";
import type { Store } from "./store.ts";

/**
 * Milliseconds after which a gateway that a sweeper has begun is taken up by another one: it may
 * have died too.
 */
const SWEEP_AGAIN_MS = 5_000;

/**
 * Steps of a sweep that are under way at a time, so that a large one doesn't block everybody
 * else's commands.
 */
const SWEEP_CONCURRENCY = 32;

/** Members of a gateway's index that one page asks for: far less than a millisecond of Redis. */
const HELD_PAGE = 500;

/** A member of a gateway's index, as the scripts write it. */
type Member =
  | Extract<Held, { kind: "stream" }>
  | {
      readonly kind: "place" | "guest";
      readonly account_id: AccountId;
      /** `<conv>/<stream>`. */
      readonly place: string;
      readonly connection: ConnectionId;
    };

export function redisLeases(store: Store): Leases {
  return {
    async heartbeat(gateway, ttlMs) {
      const reply = await store.run(heartbeat, [store.keys.gateways], [gateway, ttlMs]);
      return reply === 1 ? "renewed" : "lapsed";
    },

    async endLease(gateway) {
      await store.run(endLease, [store.keys.gateways, store.keys.sweeping], [gateway]);
    },

    async sweep() {
      const reply = await store.run(
        takeLapsed,
        [store.keys.gateways, store.keys.sweeping],
        [SWEEP_AGAIN_MS],
      );
      let streams = 0;
      for (const gateway of textsOf(reply)) {
        streams += await sweepGateway(store, gateway);
        await answered("ZREM", store.client.zrem(store.keys.sweeping, gateway));
      }
      return streams;
    },

    /** The cursor is `<partition>/<cursor of SSCAN>`. */
    async heldBy(gateway, cursor) {
      const [partition = 0, at = 0] = (cursor ?? "0/0").split("/").map(Number);
      const key = store.keys.held(partition, gateway);
      const scan = store.client.sscan(key, at, "COUNT", HELD_PAGE);
      const [after, members] = await answered("SSCAN", scan);
      const held = members.map((member) => decodeHeld(member, gateway));
      if (after !== "0") return { held, next: `${partition}/${after}` };
      return { held, next: partition + 1 < PARTITIONS ? `${partition + 1}/0` : null };
    },

    async letGo(gateway, held) {
      await letGo(store, gateway, held);
    },
  };
}

async function sweepGateway(store: Store, gateway: GatewayId): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  let streams = 0;
  await eachConcurrently(partitions, async (partition) => {
    const key = store.keys.held(partition, gateway);
    for (const member of await answered("SMEMBERS", store.client.smembers(key))) {
      if (await letGo(store, gateway, decodeHeld(member, gateway))) streams += 1;
    }
  });
  return streams;
}

/** True when it was a stream, and this call announced that it left. */
async function letGo(store: Store, gateway: GatewayId, held: Held): Promise<boolean> {
  if (held.kind === "stream") {
    const last = { n: null, ts: new Date(store.now()).toISOString() };
    return await leaveStream(store, held.where, held, last, gateway);
  }
  await releaseSlot(store, held.slot);
  return false;
}

function decodeHeld(text: string, gateway: GatewayId): Held {
  const member: Member = JSON.parse(text);
  if (member.kind === "stream") return member;
  const { account_id, place: name, connection } = member;
  const [conversation, stream] = name.split("/");
  const kind = member.kind === "guest" ? "guest" : "stream";
  const conversation_id = conversation as ConversationId;
  const stream_id = stream as StreamId;
  return {
    kind: "quota_slot",
    slot: { kind, account_id, conversation_id, stream_id, gateway, connection },
  };
}

/** Runs `step` on each item, `SWEEP_CONCURRENCY` at a time. */
async function eachConcurrently<Item>(
  items: readonly Item[],
  step: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await step(item);
  };
  await Promise.all(Array.from({ length: SWEEP_CONCURRENCY }, worker));
}
