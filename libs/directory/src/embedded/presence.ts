/**
 * Who is here, embedded. Nothing in these steps waits between looking and changing, so each is
 * atomic by itself; what the file must know (epochs, joins) is written within the step, before
 * anybody hears of it.
 */
import { EMPTY_OBJECT, type StreamId } from "@ams/protocol";
import type { Claim, ClaimFault, Presence, QuotaSlot, Where } from "../directory.ts";
import { type ChannelEvent, encodeEvent } from "../events.ts";
import { DEPARTED_MAX, type GatewayId, type Link, NO_LINK, type RosterEntry } from "../records.ts";
import { nextEpoch, raiseEpoch } from "./epochs.ts";
import { type Roster, rosterAt } from "./here.ts";
import { countUse, mayJoin } from "./links.ts";
import { reportFull, streamEvent } from "./outbox.ts";
import { keepSlot, release, reserve } from "./quota-slots.ts";
import { look, type Store } from "./store.ts";
import { keyOf, type StoredConversation } from "./tables.ts";

export function embeddedPresence(store: Store): Presence {
  return {
    reserve: (slot, terms) => look(() => reserve(store, slot, terms)),
    keepSlot: (slot) => look(() => keepSlot(store, slot)),
    release: (slot: QuotaSlot) => look(() => release(store, slot)),

    claim: (claim) =>
      look(() => {
        const stored = conversationAt(store, claim.where);
        if (stored === null) return { ok: false, fault: "conversation_not_found" };
        const roster = rosterAt(store.here, keyOf(claim.where.address));
        const fault = claimFault(store, claim, stored, roster);
        if (fault === "conversation_subscriber_limit") reportFull(store, stored, roster.live.size);
        if (fault !== null) return { ok: false, fault };
        return { ok: true, value: take(store, claim, stored, roster) };
      }),

    reclaim: (where, entry) =>
      look(() => {
        const stored = conversationAt(store, where);
        if (stored === null) return { ok: false, fault: "conversation_not_found" };
        const roster = rosterAt(store.here, keyOf(where.address));
        const holder = roster.live.get(entry.stream_name);
        const fault = reclaimFault(roster, entry);
        if (fault !== null) return { ok: false, fault };
        if (holder === undefined) {
          raiseEpoch(store, keyOf(where.address), entry.epoch);
          countJoin(store, where, stored, entry.stream_id);
          countUse(store, where.address, linkOf(stored, entry.link), entry.stream_id, 0);
          roster.departed.delete(entry.stream_name);
        }
        const joined_at = holder === undefined ? notBefore(roster, entry) : holder.joined_at;
        const back = { ...entry, joined_at };
        roster.live.set(entry.stream_name, back);
        if (holder === undefined) streamEvent(store, stored, back, "stream.joined");
        if (holder?.connection !== entry.connection) {
          const displaced = holder === undefined ? null : holderOf(holder);
          announce(store, where, { kind: "claimed", entry: back, displaced });
        }
        return { ok: true, value: back };
      }),

    leave: (where, stream, last) => look(() => leaveStream(store, where, stream, last, null)),

    setStreamMetadata: (where, stream, metadata, n, ms) =>
      look(() => {
        const live = store.here.rosters.get(keyOf(where.address))?.live;
        const entry = live?.get(stream.stream_name);
        if (entry?.connection !== stream.connection) return;
        live?.set(stream.stream_name, { ...entry, metadata, metadata_n: n, metadata_ms: ms });
      }),

    roster: (where) => look(() => readRoster(store, where) ?? []),

    snapshot: (where, { mark, tails }) =>
      look(() => {
        const entries = readRoster(store, where);
        if (entries !== null) announce(store, where, { kind: "mark", mark, tails });
        return entries;
      }),
  };
}

/** `sweptGateway`: only if that gateway still holds it. */
export function leaveStream(
  store: Store,
  where: Where,
  stream: Pick<RosterEntry, "stream_name" | "connection">,
  last: { readonly n: number | null; readonly ts: string },
  sweptGateway: GatewayId | null,
): boolean {
  const roster = store.here.rosters.get(keyOf(where.address));
  const entry = roster?.live.get(stream.stream_name);
  if (roster === undefined || entry?.connection !== stream.connection) return false;
  if (sweptGateway !== null && entry.gateway !== sweptGateway) return false;
  roster.live.delete(entry.stream_name);
  rememberDeparted(roster, entry);
  if (last.ts > roster.leftAt) roster.leftAt = last.ts;
  const { stream_id, epoch } = entry;
  announce(store, where, { kind: "left", stream_id, epoch, n: last.n, ts: last.ts });
  streamEvent(store, conversationAt(store, where), entry, "stream.left");
  return true;
}

function claimFault(
  { tables }: Store,
  claim: Claim,
  { conversation, links }: StoredConversation,
  { live }: Roster,
): ClaimFault | null {
  const link = links.find(({ number }) => number === claim.link);
  if (link === undefined && claim.link !== NO_LINK) return "invalid_magic_link";
  const holder = live.get(claim.stream_name);
  const mine = holder?.owner_account_id === claim.owner_account_id;
  const id = mine ? holder.stream_id : claim.stream_id;
  if (link && !mayJoin(tables, conversation, link, id)) return "invalid_magic_link";
  const key = keyOf(conversation);
  const { max_joins } = conversation;
  if (max_joins !== null && !tables.joined.doesExist(`${key} ${id}`)) {
    if ((tables.joins.get(key) ?? 0) >= max_joins) return "invalid_magic_link";
  }
  if (holder !== undefined && !mine) return "stream_name_conflict";
  const subscribersMax = conversation.subscribers_max ?? claim.subscribersMax;
  const full = holder === undefined && live.size >= subscribersMax;
  return full ? "conversation_subscriber_limit" : null;
}

function reclaimFault(roster: Roster, entry: RosterEntry): "displaced" | "claim_forgotten" | null {
  const { stream_name, connection, epoch } = entry;
  const holder = roster.live.get(stream_name);
  if (holder !== undefined) {
    return holder.connection !== connection && holder.epoch >= epoch ? "displaced" : null;
  }
  const left = roster.departed.get(stream_name);
  if (left === undefined) return roster.departedFloor >= epoch ? "claim_forgotten" : null;
  return left > epoch ? "displaced" : null;
}

function take(store: Store, claim: Claim, stored: StoredConversation, roster: Roster) {
  const { where, stream_name, owner_account_id, gateway, connection, link } = claim;
  const before = roster.live.get(stream_name);
  const stream_id = before?.stream_id ?? claim.stream_id;
  countJoin(store, where, stored, stream_id);
  countUse(store, where.address, linkOf(stored, link), stream_id, 1);
  const entry: RosterEntry = {
    stream_id,
    stream_name,
    owner_account_id,
    peer_identity: before?.peer_identity ?? claim.peer_identity,
    metadata: claim.metadata ?? before?.metadata ?? EMPTY_OBJECT,
    joined_at: before?.joined_at ?? notBefore(roster, claim),
    epoch: nextEpoch(store, keyOf(where.address)),
    metadata_n: 0,
    gateway,
    connection,
    link,
  };
  roster.departed.delete(stream_name);
  roster.live.set(stream_name, entry);
  if (before === undefined) streamEvent(store, stored, entry, "stream.joined");
  const displaced = before === undefined ? null : holderOf(before);
  announce(store, where, { kind: "claimed", entry, displaced });
  const metadataChanged = before !== undefined && before.metadata !== entry.metadata;
  return { entry, resumed: before !== undefined, metadataChanged };
}

/**
 * When a stream joins: never before a leave that was announced earlier, whatever the clocks and
 * queues (§4.6.2).
 */
function notBefore({ leftAt }: Roster, { joined_at }: { readonly joined_at: string }): string {
  return joined_at > leftAt ? joined_at : leftAt;
}

function holderOf({ gateway, connection, epoch }: RosterEntry) {
  return { gateway, connection, epoch };
}

/** Counts a stream id against `max_joins`, once. */
function countJoin(
  { tables }: Store,
  where: Where,
  stored: StoredConversation,
  id: StreamId,
): void {
  if (stored.conversation.max_joins === null) return;
  const key = keyOf(where.address);
  const joined = `${key} ${id}`;
  if (tables.joined.doesExist(joined)) return;
  tables.file.transactionSync(() => {
    tables.joined.putSync(joined, 1);
    tables.joins.putSync(key, (tables.joins.get(key) ?? 0) + 1);
  });
}

function linkOf({ links }: StoredConversation, number: number): Link | undefined {
  return links.find((link) => link.number === number);
}

function rememberDeparted(roster: Roster, { stream_name, epoch }: RosterEntry): void {
  const { departed } = roster;
  departed.delete(stream_name);
  departed.set(stream_name, epoch);
  if (departed.size <= DEPARTED_MAX) return;
  for (const [oldest, last] of departed) {
    departed.delete(oldest);
    roster.departedFloor = Math.max(roster.departedFloor, last);
    return;
  }
}

function conversationAt({ tables }: Store, where: Where): StoredConversation | null {
  const stored = tables.conversations.get(keyOf(where.address));
  return stored?.conversation.generation === where.generation ? stored : null;
}

function readRoster(store: Store, where: Where): readonly RosterEntry[] | null {
  if (conversationAt(store, where) === null) return null;
  return [...(store.here.rosters.get(keyOf(where.address))?.live.values() ?? [])];
}

function announce(store: Store, where: Where, event: ChannelEvent): void {
  store.announce(store.channels.conversation(where), encodeEvent(event));
}
