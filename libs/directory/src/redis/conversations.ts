/**
 * Conversations on Redis: the record and all that hangs on it in one slot, its owner's list in
 * another.
 */

import { type Alias, isAlias, LINKS_MAX } from "@ams/protocol";
import { answered, listOf, textOf, textsOf } from "@ams/store";
import { decodeCursor, encodeCursor, listingOf } from "../cursor.ts";
import {
  type Conversations,
  DirectoryUnavailable,
  type Minted,
  type NewConversation,
  type Outcome,
} from "../directory.ts";
import { type Address, type Conversation, removalMs, whereOf } from "../records.ts";
import type { Outbox } from "../webhooks.ts";
import { DELETED_MARK, decodeConversation } from "./decode.ts";
import { decodeEntry } from "./entry.ts";
import { expiringMember, expiryOf } from "./expiry.ts";
import { heldStream } from "./held.ts";
import { redisLinks, toLinks } from "./links.ts";
import { readConversations } from "./listing.ts";
import { forgetCanonical, list, registerCanonical } from "./scripts/accounts.ts";
import {
  admission,
  closeConversation,
  mint,
  removeClosed,
  replaceLinks,
} from "./scripts/conversations.ts";
import { type Store, unindex } from "./store.ts";

export function redisConversations(
  store: Store,
  { reportLimit }: Pick<Outbox, "reportLimit">,
): Conversations {
  const remove = async (address: Address): Promise<Outcome<null, "not_found">> => {
    const stored = await readConversation(store, address);
    if (stored === null || !(await removeConversation(store, stored))) {
      return { ok: false, fault: "not_found" };
    }
    return { ok: true, value: null };
  };

  return {
    async mint(wanted) {
      const minted = await mintWhereItBelongs(store, wanted);
      if (!minted.ok && minted.fault === "conversation_limit") {
        const { owner_account_id: id } = wanted.conversation;
        await reportLimit(id, "conversations_max", wanted.conversationsMax ?? null);
      }
      if (!minted.ok) return minted;
      const { owner } = store.keys.namespace(wanted.conversation.namespace);
      // An account that was deleted meanwhile has not seen this conversation in its list, perhaps.
      if ((await answered("GET", store.client.get(owner)))?.endsWith(DELETED_MARK)) {
        await remove(minted.value.conversation);
        throw new DirectoryUnavailable("The account was deleted meanwhile");
      }
      return minted;
    },

    async admission(address) {
      const read = await readAdmission(store, address);
      if (read === null) return null;
      const { conversation, links, joins } = read;
      return { conversation, links: links.map(({ link }) => link), joins };
    },

    async linkUses(address) {
      const read = await readAdmission(store, address);
      return read === null ? null : read.links.map(({ use }) => use);
    },

    ...redisLinks(store),

    async listConversations(namespace, { cursor, limit }) {
      const after = cursor === null ? null : decodeCursor(cursor);
      if (cursor !== null && after === null) return { ok: false, fault: "invalid_cursor" };
      // One more than asked for shows whether there is a next page.
      const found = await readConversations(store, namespace, after, limit + 1);
      const conversations = found.slice(0, limit);
      const last = found.length > limit ? conversations.at(-1) : undefined;
      const next_cursor = last === undefined ? null : encodeCursor(listingOf(last));
      return { ok: true, value: { conversations, next_cursor } };
    },

    async replaceLinks(address, linkHash, keepConnected) {
      const { record, links, joined, uses, channelPrefix } = store.keys.conversation(address);
      const args = [store.publish, channelPrefix, linkHash, keepConnected ? 1 : 0];
      const number = Number(await store.run(replaceLinks, [record, links, joined, uses], args));
      if (number === 0) return { ok: false, fault: "not_found" };
      return { ok: true, value: { number, hash: linkHash } };
    },

    deleteConversation: remove,

    removeExpired: expiryOf(store, async (address, generation) => {
      const stored = await readConversation(store, address);
      return stored?.generation === generation && (await removeConversation(store, stored));
    }),
  };
}

async function readAdmission(store: Store, address: Address) {
  const { record, links, joined, uses } = store.keys.conversation(address);
  const reply = await store.run(admission, [record, links, joined, uses], []);
  if (reply === null) return null;
  const [json, subscribersMax, numbersAndLinks, joins, used] = listOf(reply);
  return {
    conversation: decodeConversation(textOf(json) ?? "", textOf(subscribersMax)),
    links: toLinks(textsOf(numbersAndLinks), textsOf(used)),
    joins: Number(joins),
  };
}

type MintOutcome = Awaited<ReturnType<Conversations["mint"]>>;

/**
 * Attempts at a mint that meets deletions: each makes the next possible, and who deletes this fast
 * can try again.
 */
const MINT_ATTEMPTS_MAX = 10;

/** Streams that are taken out of indexes at a time. */
const UNINDEX_CHUNK = 500;

/** Where a canonical conversation is, and the counters above which its own begin. */
type Registration = {
  readonly alias: Alias;
  readonly generation: string;
  readonly claims: string;
  readonly links: string;
};

async function mintWhereItBelongs(store: Store, wanted: NewConversation): Promise<MintOutcome> {
  for (let attempt = 0; attempt < MINT_ATTEMPTS_MAX; attempt += 1) {
    const minted = await tryMint(store, wanted);
    if (minted !== "again") return minted;
  }
  throw new DirectoryUnavailable("The conversation was deleted again and again");
}

/** `again`: something was in the way that is gone now. */
async function tryMint(store: Store, wanted: NewConversation): Promise<MintOutcome | "again"> {
  const { conversation } = wanted;
  if (conversation.id_kind === "ulid") {
    const { alias, generation } = conversation;
    return await mintAt(store, wanted, { alias, generation, claims: "0", links: "0" });
  }
  const registration = await register(store, conversation);
  const minted = await mintAt(store, wanted, registration);
  if (minted === "again") return minted;
  if (!minted.ok) {
    await unregister(store, conversation, registration, ["0", "0"]);
    // What was registered remained after a deletion, and its alias is another conversation's
    // now.
    return registration.alias === conversation.alias ? minted : "again";
  }
  if (!minted.value.created || (await isRegistered(store, minted.value.conversation))) {
    return minted;
  }
  // A deletion came between: this one began with counters that have been used.
  await removeConversation(store, minted.value.conversation);
  return "again";
}

async function register(store: Store, conversation: Conversation): Promise<Registration> {
  const { namespace, conversation_id } = conversation;
  const args = [conversation_id, registrationText(conversation)];
  const keys = [store.keys.namespace(namespace).canonical];
  const [registration = "", claims = "", links = ""] = textsOf(
    await store.run(registerCanonical, keys, args),
  );
  const [alias = "", generation = ""] = registration.split(" ");
  if (!isAlias(alias)) throw new DirectoryUnavailable("A canonical alias is unreadable");
  return { alias, generation, claims, links };
}

async function unregister(
  store: Store,
  { namespace, conversation_id }: Conversation,
  registration: Pick<Registration, "alias" | "generation">,
  counters: readonly string[],
): Promise<void> {
  const { canonical } = store.keys.namespace(namespace);
  const args = [conversation_id, registrationText(registration), ...counters];
  await store.run(forgetCanonical, [canonical], args);
}

function registrationText({
  alias,
  generation,
}: Pick<Registration, "alias" | "generation">): string {
  return `${alias} ${generation}`;
}

async function isRegistered(store: Store, conversation: Conversation): Promise<boolean> {
  const { canonical } = store.keys.namespace(conversation.namespace);
  const reading = store.client.hget(canonical, conversation.conversation_id);
  return (await answered("HGET", reading)) === registrationText(conversation);
}

/**
 * The list entry comes first: a crash leaves an entry without a record, and never a record that no
 * list knows. One that is known to be registered is looked for before, since a link more needs no
 * entry.
 */
async function mintAt(
  store: Store,
  wanted: NewConversation,
  registration: Registration,
): Promise<MintOutcome | "again"> {
  const { alias, generation } = registration;
  const conversation = { ...wanted.conversation, alias, generation };
  if (generation !== wanted.conversation.generation) {
    const linked = await runMint(store, wanted, conversation, registration, false);
    if (linked !== "absent") return linked;
  }
  const { owner, conversations } = store.keys.namespace(conversation.namespace);
  const listing = listingOf(conversation);
  const args = [listing, wanted.conversationsMax ?? ""];
  const listed = await store.run(list, [owner, conversations], args);
  if (listed === "full") return { ok: false, fault: "conversation_limit" };
  if (listed !== 1) throw new DirectoryUnavailable("The account is deleted");
  const minted = await runMint(store, wanted, conversation, registration, true);
  if (minted === "absent") throw new DirectoryUnavailable("The conversation was not made");
  const isListed = minted !== "again" && minted.ok && isListedAs(minted.value, listing);
  if (!isListed) await answered("ZREM", store.client.zrem(conversations, listing));
  return minted;
}

function isListedAs({ conversation }: Minted, listing: string): boolean {
  return listingOf(conversation) === listing;
}

async function runMint(
  store: Store,
  { linkHash }: NewConversation,
  conversation: Conversation,
  { claims, links: linksFloor }: Registration,
  create: boolean,
): Promise<MintOutcome | "again" | "absent"> {
  const { conversation_id, id_kind, generation, max_joins, subscribers_max } = conversation;
  const { record, links, uses, expiring } = store.keys.conversation(conversation);
  const numbers = [max_joins ?? "", subscribers_max ?? ""];
  const head = [conversation_id, id_kind, generation, ...numbers, JSON.stringify(conversation)];
  const removal = [expiringMember(conversation), removalMs(conversation) ?? "", create ? 1 : 0];
  const tail = [linkHash, LINKS_MAX, claims, linksFloor, ...removal];
  const reply = await store.run(mint, [record, links, uses, expiring], [...head, ...tail]);
  const [kind, json, subscribersMax] = listOf(reply);
  if (kind === "absent") return kind;
  const stored = decodeConversation(textOf(json) ?? "", textOf(subscribersMax));
  if (kind === "ending") {
    await removeConversation(store, stored);
    return "again";
  }
  if (kind === "taken") return { ok: false, fault: "alias_taken" };
  return { ok: true, value: { conversation: stored, created: kind === "created" } };
}

/** Also one whose deletion was begun. */
async function readConversation(store: Store, address: Address): Promise<Conversation | null> {
  const { record } = store.keys.conversation(address);
  const fields = await answered("HMGET", store.client.hmget(record, "record", "subscribers_max"));
  const [json = null, subscribersMax = null] = fields;
  return json === null ? null : decodeConversation(json, subscribersMax);
}

/**
 * Closed first, so that its counters are final; then forgotten where it is registered, with the
 * counters, so that minting the same input again makes a new conversation; then removed. Whatever a
 * crash leaves, the next deletion or mint takes up. False when somebody else has removed it
 * meanwhile.
 */
async function removeConversation(store: Store, conversation: Conversation): Promise<boolean> {
  const { namespace, generation } = conversation;
  const at = store.keys.conversation(conversation);
  const channel = store.keys.channels.conversation(whereOf(conversation));
  const closing = [store.publish, channel, generation, namespace, conversation.alias];
  const counters = await store.run(closeConversation, [at.record, at.outboxes, at.outbox], closing);
  if (counters === null) return false;
  if (conversation.id_kind === "jcs-sha256") {
    await unregister(store, conversation, conversation, textsOf(counters));
  }
  await unindexRoster(store, conversation);
  const keys = [at.record, at.links, at.uses, at.roster, at.joined, at.departed, at.expiring];
  const args = [generation, expiringMember(conversation)];
  // While the record is there, a removal that fails is tried again.
  await store.removed(channel);
  const removed = await store.run(removeClosed, keys, args);
  const { conversations } = store.keys.namespace(namespace);
  await answered("ZREM", store.client.zrem(conversations, listingOf(conversation)));
  return removed === 1;
}

/**
 * Takes the streams of a closed conversation out of their gateways' indexes: nobody claims one any
 * more.
 */
async function unindexRoster(store: Store, conversation: Conversation): Promise<void> {
  const { roster, heldPrefix } = store.keys.conversation(conversation);
  const entries = await answered("HVALS", store.client.hvals(roster));
  const where = whereOf(conversation);
  for (let from = 0; from < entries.length; from += UNINDEX_CHUNK) {
    const chunk = entries.slice(from, from + UNINDEX_CHUNK).map(decodeEntry);
    const indexed = chunk.flatMap(({ gateway, stream_name, connection }) => [
      gateway,
      heldStream(where, stream_name, connection),
    ]);
    await unindex(store, heldPrefix, indexed);
  }
}
