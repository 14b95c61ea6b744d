/** Conversations on Redis: the record and all that hangs on it in one slot, its owner's list in another. */
import { type Alias, isAlias, LINKS_MAX } from "@ams/protocol";
import { decodeCursor, encodeCursor, listingOf } from "../cursor.ts";
import {
  type Conversations,
  DirectoryUnavailable,
  type NewConversation,
  type Outcome,
} from "../directory.ts";
import type { Address, Conversation } from "../records.ts";
import { DELETED_MARK, decodeConversation } from "./decode.ts";
import { readConversations } from "./listing.ts";
import { announcing } from "./presence.ts";
import { forgetCanonical, list, registerCanonical } from "./scripts/accounts.ts";
import { admission, deleteConversation, mint, replaceLinks } from "./scripts/conversations.ts";
import { answered, listOf, type Store, textOf, textsOf } from "./store.ts";

export function redisConversations(store: Store): Conversations {
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
      const { record, links, joined } = store.keys.conversation(address);
      const reply = await store.run(admission, [record, links, joined], []);
      if (reply === null) return null;
      const [json, subscribersMax, numbersAndHashes, joins] = listOf(reply);
      return {
        conversation: decodeConversation(textOf(json) ?? "", textOf(subscribersMax)),
        links: toLinks(textsOf(numbersAndHashes)),
        joins: Number(joins),
      };
    },

    async listConversations(namespace, { cursor, limit }) {
      const after = cursor === null ? null : decodeCursor(cursor);
      if (cursor !== null && after === null) return { ok: false, fault: "invalid_cursor" };
      // One more than asked for tells whether there is a next page.
      const found = await readConversations(store, namespace, after, limit + 1);
      const conversations = found.slice(0, limit);
      const last = found.length > limit ? conversations.at(-1) : undefined;
      const next_cursor = last === undefined ? null : encodeCursor(listingOf(last));
      return { ok: true, value: { conversations, next_cursor } };
    },

    async replaceLinks(address, linkHash, keepConnected) {
      const { record, links, channelPrefix } = store.keys.conversation(address);
      const args = [store.publish, channelPrefix, linkHash, keepConnected ? 1 : 0];
      const number = Number(await store.run(replaceLinks, [record, links], args));
      if (number === 0) return { ok: false, fault: "not_found" };
      return { ok: true, value: { number, hash: linkHash } };
    },

    deleteConversation: remove,
  };
}

type MintOutcome = Awaited<ReturnType<Conversations["mint"]>>;

/** Goes to the alias that a canonical conversation has already, else to the one asked for. */
async function mintWhereItBelongs(store: Store, wanted: NewConversation): Promise<MintOutcome> {
  const { conversation } = wanted;
  if (conversation.id_kind === "ulid") return await mintAt(store, wanted, conversation.alias);
  const { canonical } = store.keys.namespace(conversation.namespace);
  const args = [conversation.conversation_id, conversation.alias];
  const alias = textOf(await store.run(registerCanonical, [canonical], args));
  if (alias === null || !isAlias(alias))
    throw new DirectoryUnavailable("A canonical alias is unreadable");
  const minted = await mintAt(store, wanted, alias);
  if (minted.ok) return minted;
  await store.run(forgetCanonical, [canonical], [conversation.conversation_id, alias]);
  // What was registered was left behind by a deletion, and its alias is another conversation's now.
  return alias === conversation.alias ? minted : await mintWhereItBelongs(store, wanted);
}

/** The list entry comes first: a crash leaves an entry without a record, and never a record that no list knows. */
async function mintAt(store: Store, wanted: NewConversation, alias: Alias): Promise<MintOutcome> {
  const conversation = { ...wanted.conversation, alias };
  const { namespace, conversation_id, id_kind, max_joins, subscribers_max } = conversation;
  const { owner, conversations } = store.keys.namespace(namespace);
  const listing = listingOf(conversation);
  if ((await store.run(list, [owner, conversations], [listing])) !== 1) {
    throw new DirectoryUnavailable("The account is deleted");
  }
  const { record, links } = store.keys.conversation(conversation);
  const numbers = [max_joins ?? "", subscribers_max ?? ""];
  const args = [conversation_id, id_kind, ...numbers, JSON.stringify(conversation)];
  const reply = await store.run(mint, [record, links], [...args, wanted.linkHash, LINKS_MAX]);
  const [kind, json, subscribersMax] = listOf(reply);
  const stored = decodeConversation(textOf(json) ?? "", textOf(subscribersMax));
  if (kind !== "created" && listingOf(stored) !== listing) {
    await answered("ZREM", store.client.zrem(conversations, listing));
  }
  if (kind === "taken") return { ok: false, fault: "alias_taken" };
  return { ok: true, value: { conversation: stored, created: kind === "created" } };
}

async function readConversation(store: Store, address: Address): Promise<Conversation | null> {
  const { record } = store.keys.conversation(address);
  const fields = await answered("HMGET", store.client.hmget(record, "record", "subscribers_max"));
  const [json = null, subscribersMax = null] = fields;
  return json === null ? null : decodeConversation(json, subscribersMax);
}

/** False when somebody else has removed it meanwhile. */
async function removeConversation(store: Store, conversation: Conversation): Promise<boolean> {
  const { namespace, conversation_id, alias } = conversation;
  const lists = store.keys.namespace(namespace);
  // Before the record, so that minting the same input again makes a new conversation, and its alias stays known.
  if (conversation.id_kind === "jcs-sha256") {
    await store.run(forgetCanonical, [lists.canonical], [conversation_id, alias]);
  }
  const at = store.keys.conversation(conversation);
  const where = { address: conversation, conversationId: conversation_id };
  const args = [...announcing(store, where, at), conversation_id];
  const keys = [at.record, at.links, at.roster, at.joined, at.departed];
  const removed = await store.run(deleteConversation, keys, args);
  await answered("ZREM", store.client.zrem(lists.conversations, listingOf(conversation)));
  return removed === 1;
}

function toLinks(numbersAndHashes: readonly string[]) {
  const links = [];
  for (let index = 0; index < numbersAndHashes.length; index += 2) {
    const hash = numbersAndHashes[index + 1] ?? "";
    links.push({ number: Number(numbersAndHashes[index]), hash });
  }
  return links.sort((a, b) => a.number - b.number);
}
