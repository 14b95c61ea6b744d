/**
 * A directory in memory, for simulations: the embedded driver's steps without its file, and leases
 * in the steps of the Redis driver. The contract suite holds it to both. Its state can be put back
 * to an earlier one, as a failover does. Tests only.
 */

import { DEFAULT_PREFIX } from "@ams/store";
import { channelsUnder } from "../channels.ts";
import { type Conversations, type Directory, NOTHING_ELSE, type Presence } from "../directory.ts";
import { embeddedAccounts } from "../embedded/accounts.ts";
import { embeddedConversations } from "../embedded/conversations.ts";
import { type Counter, raiseEpoch } from "../embedded/epochs.ts";
import { type Here, nobodyHere } from "../embedded/here.ts";
import { embeddedHosting } from "../embedded/hosting.ts";
import { embeddedLeases } from "../embedded/leases.ts";
import { embeddedOutbox } from "../embedded/outbox.ts";
import { embeddedPeppers } from "../embedded/peppers.ts";
import { announceNotice, embeddedPlans } from "../embedded/plans.ts";
import { embeddedPresence } from "../embedded/presence.ts";
import type { Announce, Store } from "../embedded/store.ts";
import { keyOf } from "../embedded/tables.ts";
import { embeddedUsage } from "../embedded/usage.ts";
import { embeddedWebhooks } from "../embedded/webhooks.ts";
import { encodeEvent } from "../events.ts";
import { EPOCHS_PER_S } from "../redis/scripts/claim.ts";
import { LeaseSteps, type Leases, sweepBy } from "./memory-leases.ts";
import { openMemoryTables } from "./memory-tables.ts";

export type MemoryDirectory = Directory & {
  readonly steps: LeaseSteps;
  readonly store: Store;
  /** Remembers the whole state; the function that it returns puts it back. */
  readonly copy: () => () => void;
};

export function openMemoryDirectory(options: {
  readonly announce: Announce;
  /** Unix milliseconds. */
  readonly now: () => number;
}): MemoryDirectory {
  const { announce, now } = options;
  const { tables, copy: copyTables } = openMemoryTables();
  const here = nobodyHere();
  const claims = new Map<string, Counter>();
  /** By conversation: links up to this number have ended, with their sockets. */
  const revokedUpTo = new Map<string, number>();
  /** By conversation: links that were revoked one by one. */
  const revokedLinks = new Map<string, readonly number[]>();
  const channels = channelsUnder(DEFAULT_PREFIX);
  const store: Store = { tables, here, claims, channels, announce, removed: NOTHING_ELSE, now };
  const leases: Leases = { ends: new Map(), sweeping: new Map() };
  const steps = new LeaseSteps(store, leases);
  const copy = () => {
    const putBack = [copyTables(), copyHere(store), copyLeases(leases)];
    const revoked = [...revokedUpTo];
    const revokedOnes = [...revokedLinks];
    return () => {
      refill(revokedUpTo, revoked);
      refill(revokedLinks, revokedOnes);
      for (const part of putBack) part();
    };
  };
  const accounts = embeddedAccounts(store);
  return {
    kind: "embedded",
    channels,
    ...embeddedPlans(store),
    ...accounts,
    ...embeddedHosting(store, accounts),
    ...embeddedUsage(store),
    announceNotice: async (notice) => announceNotice(store, notice),
    ...embeddedPeppers(store),
    ...embeddedOutbox(store),
    ...embeddedWebhooks(store),
    ...embeddedLeases(store),
    ...asOnRedis(store, revokedUpTo, revokedLinks),
    heartbeat: async (gateway, ttlMs) => steps.heartbeat(gateway, ttlMs),
    endLease: async (gateway) => steps.endLease(gateway),
    sweep: () => sweepBy(async (_, command) => command(steps), now),
    ping: async () => 0,
    close: async () => undefined,
    steps,
    store,
    copy,
  };
}

/**
 * As in the Redis driver, a snapshot with tails announces a past `links_revoked` again, and epochs
 * follow the store's clock, so that those that a failover forgets are not given out again.
 */
function asOnRedis(
  store: Store,
  revokedUpTo: Map<string, number>,
  revokedLinks: Map<string, readonly number[]>,
): Conversations & Presence {
  const conversations = embeddedConversations(store);
  const presence = embeddedPresence(store);
  return {
    ...conversations,
    ...presence,
    async replaceLinks(address, linkHash, keepConnected) {
      const replaced = await conversations.replaceLinks(address, linkHash, keepConnected);
      if (replaced.ok && !keepConnected) revokedUpTo.set(keyOf(address), replaced.value.number - 1);
      return replaced;
    },
    async revokeLink(address, number) {
      const revoked = await conversations.revokeLink(address, number);
      const key = keyOf(address);
      if (revoked.ok) revokedLinks.set(key, [number, ...(revokedLinks.get(key) ?? [])]);
      return revoked;
    },
    async claim(claim) {
      const key = keyOf(claim.where.address);
      const created = store.tables.conversations.get(key)?.conversation.created_at;
      const ageMs = created === undefined ? 0 : store.now() - Date.parse(created);
      raiseEpoch(store, key, Math.floor((ageMs / 1_000) * EPOCHS_PER_S) - 1);
      return presence.claim(claim);
    },
    async snapshot(where, mark) {
      const upTo = revokedUpTo.get(keyOf(where.address));
      if (mark.tails && upTo !== undefined) {
        const event = encodeEvent({ kind: "links_revoked", up_to: upTo });
        store.announce(store.channels.conversation(where), event);
      }
      const links = revokedLinks.get(keyOf(where.address));
      if (mark.tails && links !== undefined) {
        const event = encodeEvent({ kind: "link_revoked", links });
        store.announce(store.channels.conversation(where), event);
      }
      return presence.snapshot(where, mark);
    },
  };
}

function copyHere({ here, claims }: Store): () => void {
  const kept = cloneHere(here);
  const counters = [...claims].map(([key, counter]) => [key, { ...counter }] as const);
  return () => {
    const fresh = cloneHere(kept);
    refill(here.rosters, fresh.rosters);
    for (const kind of ["stream", "guest"] as const) refill(here.slots[kind], fresh.slots[kind]);
    claims.clear();
    for (const [key, counter] of counters) claims.set(key, { ...counter });
  };
}

function cloneHere({ rosters, slots, sources, leases, reported, reports }: Here): Here {
  const byKey = [...rosters].map(([key, roster]) => {
    const { live, departed } = roster;
    return [key, { ...roster, live: new Map(live), departed: new Map(departed) }] as const;
  });
  const cloneSlots = (of: Here["slots"]["stream"]) =>
    new Map([...of].map(([account, held]) => [account, new Map(held)] as const));
  const { stream, guest } = slots;
  return {
    rosters: new Map(byKey),
    slots: { stream: cloneSlots(stream), guest: cloneSlots(guest) },
    sources,
    leases,
    reported,
    reports,
  };
}

function copyLeases(leases: Leases): () => void {
  const ends = [...leases.ends];
  const sweeping = [...leases.sweeping];
  return () => {
    refill(leases.ends, ends);
    refill(leases.sweeping, sweeping);
  };
}

function refill<Key, Value>(map: Map<Key, Value>, rows: Iterable<readonly [Key, Value]>): void {
  map.clear();
  for (const [key, value] of rows) map.set(key, value);
}
