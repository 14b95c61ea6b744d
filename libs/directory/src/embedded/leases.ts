/**
 * Leases, embedded: with one process there is mostly one gateway, whose event loop may still stand
 * for too long.
 */
import type { Held, Leases } from "../directory.ts";
import { type GatewayId, whereOf } from "../records.ts";
import { leaveStream } from "./presence.ts";
import { release, slotsHeldBy } from "./quota-slots.ts";
import { look, type Store } from "./store.ts";

export function embeddedLeases(store: Store): Leases {
  const { leases } = store.here;
  return {
    heartbeat: (gateway, ttlMs) =>
      look(() => {
        const known = leases.has(gateway);
        leases.set(gateway, performance.now() + ttlMs);
        return known ? "renewed" : "lapsed";
      }),

    endLease: (gateway) =>
      look(() => {
        if (leases.has(gateway)) leases.set(gateway, 0);
      }),

    sweep: () =>
      look(() => {
        let streams = 0;
        for (const [gateway, endMs] of leases) {
          if (endMs > performance.now()) continue;
          leases.delete(gateway);
          for (const held of heldBy(store, gateway)) if (letGo(store, gateway, held)) streams += 1;
        }
        return streams;
      }),

    // One page: no answer is ever lost within a process, so this finds nothing and is asked for
    // rarely.
    heldBy: (gateway) => look(() => ({ held: heldBy(store, gateway), next: null })),

    letGo: (gateway, held) =>
      look(() => {
        letGo(store, gateway, held);
      }),
  };
}

function heldBy(store: Store, gateway: GatewayId): readonly Held[] {
  const held: Held[] = slotsHeldBy(store, gateway).map((slot) => ({ kind: "quota_slot", slot }));
  for (const [key, { live }] of store.here.rosters) {
    const mine = [...live.values()].filter((entry) => entry.gateway === gateway);
    const conversation = mine.length > 0 && store.tables.conversations.get(key)?.conversation;
    if (!conversation) continue;
    const where = whereOf(conversation);
    for (const { stream_name, connection } of mine) {
      held.push({ kind: "stream", where, stream_name, connection });
    }
  }
  return held;
}

/** True when it was a stream, and this call announced that it left. */
function letGo(store: Store, gateway: GatewayId, held: Held): boolean {
  if (held.kind === "quota_slot") {
    release(store, held.slot);
    return false;
  }
  const last = { n: null, ts: new Date(store.now()).toISOString() };
  return leaveStream(store, held.where, held, last, gateway);
}
