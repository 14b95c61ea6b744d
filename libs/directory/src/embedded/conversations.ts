/** Conversations in the file. */
import { type Alias, LINKS_MAX, type Namespace } from "@ams/protocol";
import { decodeCursor, encodeCursor, listingOf } from "../cursor.ts";
import type { Conversations } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { type Address, type Conversation, type Link, whereOf } from "../records.ts";
import { expiringKey, removeExpired } from "./expiry.ts";
import { embeddedLinks, forgetUse, forgetUses, withJoins } from "./links.ts";
import { lifecycle, reportLimit } from "./outbox.ts";
import { look, type Store, step } from "./store.ts";
import { type Floors, keyOf, type StoredConversation, type Tables, under } from "./tables.ts";

export function embeddedConversations(store: Store): Conversations {
  const { tables } = store;

  return {
    mint: ({ conversation, linkHash, conversationsMax }) =>
      step(store, () => {
        const known = canonicalAlias(store, conversation);
        const alias = known ?? conversation.alias;
        const there = tables.conversations.get(keyOf({ ...conversation, alias }));
        if (known !== undefined && there !== undefined) {
          const linked = addOneMore(tables, there, linkHash);
          tables.conversations.putSync(keyOf(there.conversation), linked);
          return { ok: true, value: { conversation: there.conversation, created: false } };
        }
        if (there !== undefined) return { ok: false, fault: "alias_taken" };
        if (isFull(store, conversation.namespace, conversationsMax)) {
          const { owner_account_id: owner } = conversation;
          reportLimit(store, owner, "conversations_max", conversationsMax ?? null);
          return { ok: false, fault: "conversation_limit" };
        }
        writeConversation(store, conversation, linkHash);
        return { ok: true, value: { conversation, created: true } };
      }),

    admission: (address) =>
      look(() => {
        const key = keyOf(address);
        const stored = tables.conversations.get(key);
        if (stored === undefined) return null;
        const { conversation } = stored;
        const links = stored.links.map((link) => withJoins(tables, address, link));
        return { conversation, links, joins: tables.joins.get(key) ?? 0 };
      }),

    ...embeddedLinks(store),

    listConversations: (namespace, { cursor, limit }) =>
      look(() => {
        const after = cursor === null ? "" : decodeCursor(cursor);
        if (after === null) return { ok: false, fault: "invalid_cursor" };
        const found = listAfter(store, namespace, after, limit + 1);
        const conversations = found.slice(0, limit);
        const last = found.length > limit ? conversations.at(-1) : undefined;
        const next_cursor = last === undefined ? null : encodeCursor(listingOf(last));
        return { ok: true, value: { conversations, next_cursor } };
      }),

    async replaceLinks(address, linkHash, keepConnected) {
      const replace = () => {
        const stored = tables.conversations.get(keyOf(address));
        if (stored === undefined) return null;
        const next = addLink(stored, linkHash, 1);
        tables.conversations.putSync(keyOf(address), next);
        forgetJoins(tables, keyOf(address));
        forgetUses(tables, keyOf(address));
        return next;
      };
      const replaced = await step(store, replace, (next) => {
        if (next === null || keepConnected) return;
        const event = encodeEvent({ kind: "links_revoked", up_to: next.linksMade - 1 });
        store.announce(channelOf(store, next.conversation), event);
      });
      if (replaced === null) return { ok: false, fault: "not_found" };
      return { ok: true, value: { number: replaced.linksMade, hash: linkHash } };
    },

    removeExpired: () => removeExpired(store, (stored) => removeConversation(store, stored)),

    async deleteConversation(address) {
      const remove = () => {
        const stored = tables.conversations.get(keyOf(address));
        return stored === undefined ? null : removeConversation(store, stored);
      };
      const removed = await step(store, remove, (announceClosed) => announceClosed?.());
      return removed === null ? { ok: false, fault: "not_found" } : { ok: true, value: null };
    },
  };
}

/**
 * Within a step. What it returns runs after the step: it forgets who is here and announces
 * `closed`.
 */
export function removeConversation(store: Store, stored: StoredConversation): () => void {
  const { tables, here } = store;
  const { conversation } = stored;
  const { namespace, conversation_id } = conversation;
  const key = keyOf(conversation);
  tables.conversations.removeSync(key);
  tables.listing.removeSync(`${namespace} ${listingOf(conversation)}`);
  if (conversation.id_kind === "jcs-sha256") {
    tables.canonical.removeSync(`${namespace} ${conversation_id}`);
    raiseFloors(store, stored);
  }
  tables.claims.removeSync(key);
  lifecycle(store, stored, "conversation.closed");
  forgetJoins(tables, key);
  forgetUses(tables, key);
  const expiring = expiringKey(conversation);
  if (expiring !== null) tables.expiring.removeSync(expiring);
  return () => {
    here.rosters.delete(key);
    store.claims.delete(key);
    const channel = channelOf(store, conversation);
    store.announce(channel, encodeEvent({ kind: "closed" }));
    store.removed(channel).catch(() => undefined);
  };
}

function channelOf({ channels }: Store, conversation: Conversation): string {
  return channels.conversation(whereOf(conversation));
}

function canonicalAlias({ tables }: Store, conversation: Conversation): Alias | undefined {
  if (conversation.id_kind !== "jcs-sha256") return undefined;
  return tables.canonical.get(`${conversation.namespace} ${conversation.conversation_id}`);
}

function writeConversation({ tables }: Store, conversation: Conversation, linkHash: string): void {
  const { namespace, conversation_id, alias, id_kind } = conversation;
  const floor = id_kind === "jcs-sha256" ? floorsOf(tables, namespace) : NO_FLOORS;
  const stored = addLink({ conversation, links: [], linksMade: floor.links }, linkHash, 1);
  tables.conversations.putSync(keyOf(conversation), stored);
  tables.claims.putSync(keyOf(conversation), floor.claims + 1);
  tables.listing.putSync(`${namespace} ${listingOf(conversation)}`, alias);
  const expiring = expiringKey(conversation);
  if (expiring !== null) tables.expiring.putSync(expiring, conversation.generation);
  if (id_kind === "jcs-sha256") tables.canonical.putSync(`${namespace} ${conversation_id}`, alias);
}

function isFull({ tables }: Store, namespace: Namespace, max: number | undefined): boolean {
  if (max === undefined) return false;
  let listed = 0;
  for (const _ of tables.listing.getKeys({ ...under(namespace), limit: max })) listed += 1;
  return listed >= max;
}

function forgetJoins(tables: Tables, key: string): void {
  tables.joins.removeSync(key);
  for (const joined of [...tables.joined.getKeys(under(key))]) tables.joined.removeSync(joined);
}

const NO_FLOORS: Floors = { claims: 0, links: 0 };

/** The counters that no deleted canonical conversation of the namespace has passed. */
function floorsOf({ floors }: Tables, namespace: Namespace): Floors {
  return floors.get(namespace) ?? NO_FLOORS;
}

function raiseFloors({ tables }: Store, { conversation, linksMade }: StoredConversation): void {
  const { namespace } = conversation;
  const floor = floorsOf(tables, namespace);
  tables.floors.putSync(namespace, {
    claims: Math.max(floor.claims, tables.claims.get(keyOf(conversation)) ?? 0),
    links: Math.max(floor.links, linksMade),
  });
}

/** With one more link, and no more than the newest `keep`. */
function addLink(stored: StoredConversation, hash: string, keep: number): StoredConversation {
  const link: Link = { number: stored.linksMade + 1, hash };
  return { ...stored, links: [...stored.links, link].slice(-keep), linksMade: link.number };
}

/** Past `LINKS_MAX` the oldest plain link ends, else the oldest. */
function addOneMore(tables: Tables, stored: StoredConversation, hash: string): StoredConversation {
  const next = addLink(stored, hash, LINKS_MAX + 1);
  if (next.links.length <= LINKS_MAX) return next;
  const earlier = next.links.slice(0, -1);
  const ended = earlier.find(({ terms }) => terms === undefined) ?? earlier[0];
  forgetUse(tables, keyOf(stored.conversation), ended?.number ?? 0);
  return { ...next, links: next.links.filter((link) => link !== ended) };
}

function listAfter(
  { tables }: Store,
  namespace: Namespace,
  after: string,
  count: number,
): readonly Conversation[] {
  const { end } = under(namespace);
  const range = { start: `${namespace} ${after}`, exclusiveStart: true, end, limit: count };
  const aliases = [...tables.listing.getRange(range)].map(({ value }) => value);
  return aliases.flatMap((alias) => {
    const address: Address = { namespace, alias };
    return tables.conversations.get(keyOf(address))?.conversation ?? [];
  });
}
