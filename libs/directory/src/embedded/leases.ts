/** Leases, embedded: with one process there is mostly one gateway, whose event loop may still stand for too long. */
import type { Leases } from "../directory.ts";
import type { GatewayId } from "../records.ts";
import { releaseName } from "./places.ts";
import { leaveStream } from "./presence.ts";
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
          streams += sweepStreams(store, gateway);
          sweepPlaces(store, gateway);
        }
        return streams;
      }),
  };
}

function sweepStreams(store: Store, gateway: GatewayId): number {
  const last = { n: null, ts: new Date(store.now()).toISOString() };
  let streams = 0;
  for (const [key, { live }] of store.here.rosters) {
    const conversation = store.tables.conversations.get(key)?.conversation;
    if (conversation === undefined) continue;
    const where = { address: conversation, conversationId: conversation.conversation_id };
    for (const entry of [...live.values()]) {
      if (leaveStream(store, where, entry, last, gateway)) streams += 1;
    }
  }
  return streams;
}

function sweepPlaces(store: Store, gateway: GatewayId): void {
  for (const [account, places] of store.here.places) {
    for (const [name, holders] of places) {
      for (const holder of holders) {
        if (holder.gateway === gateway) releaseName(store, account, name, holder);
      }
    }
  }
}
