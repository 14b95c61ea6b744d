/** Conversations: minted, listed, deleted (§2.3, §2.4, §2.7.2). */

import {
  type Account,
  type AccountLimits,
  type Conversation,
  canonicalConversationId,
  type Minted,
  type MintFault,
  newConversationId,
  newGeneration,
  newStreamName,
  type Outcome,
  streamIdOf,
} from "@ams/directory";
import { costMs } from "@ams/process";
import { type JsonText, joinMembers, PROBLEMS, toJsonText, trustJsonText } from "@ams/protocol";
import { conversationsBody, mintBody, mintedBody } from "@ams/protocol/schema";
import { rateLimited } from "../accounts/accounts.ts";
import { authenticateAddress, authenticateOwner, readBodyOf } from "../accounts/authenticate.ts";
import { record } from "../accounts/events.ts";
import { limitsFor } from "../accounts/plan-limits.ts";
import type { Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { listQuery, readLimit } from "../http/queries.ts";
import { noContent, reply } from "../http/reply.ts";
import { ALIAS_ATTEMPTS_MAX, newAlias } from "./alias.ts";
import { canonicalMs } from "./canonical.ts";
import { newLink } from "./links.ts";
import {
  type MintRequest,
  type MintFault as MintRequestFault,
  type ReplayLimits,
  readMintRequest,
} from "./mint-request.ts";

export const mintConversation: Endpoint = {
  name: "mint_conversation",
  doc: {
    summary: "Mint a conversation",
    description:
      "Makes a conversation and its magic link. The `stream_id` is the one that the minter gets on connecting under `stream_name`. Minting the same `canonical_input` again with `jcs-sha256` returns the same conversation (200) with one more link.",
    auth: "bearer",
    body: { schema: mintBody, required: false },
    success: {
      201: { about: "The new conversation.", schema: mintedBody },
      200: { about: "The conversation that was there, with one more link.", schema: mintedBody },
    },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "namespace_mismatch",
      "rate_limited",
      "body_too_large",
      "invalid_json",
      "invalid_alias",
      "invalid_stream_name",
      "unsupported_id_kind",
      "invalid_metadata",
      "invalid_stream_metadata",
      "invalid_expiry",
      "invalid_max_joins",
      "invalid_canonical_input",
      "invalid_replay",
      "alias_taken",
      "conversation_limit",
    ],
    curl: `-X POST -d '{"alias": "stand-up", "metadata": {"purpose": "planning"}}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticateOwner(call, tools, "mint");
    const account = await authenticated();
    if (!account.ok) return problem(account.fault);
    const { limits } = await limitsFor(account.value, tools);
    const perMinute = limits.mints_per_minute ?? tools.config.mintsPerMinute;
    const waitS = await tools.limits.mints(account.value.account_id, perMinute);
    if (waitS !== null) {
      return rateLimited(tools, "mints", waitS, mintRate(perMinute));
    }
    const body = await readBodyOf(call, "optional", authenticated);
    if (!body.ok) return problem(body.fault);
    const kept = replayLimits(limits, tools.config);
    const wish = readMintRequest(body.value, kept);
    if (!wish.ok) return refuseMintRequest(wish.fault, kept, tools);
    const { canonical } = wish.value;
    if (canonical !== null) call.meter.spend(canonicalMs(canonical));
    const link = newLink(call, tools);
    const max = limits.conversations_max ?? tools.config.conversationsPerAccount;
    const minted = await mint(tools, account.value, wish.value, link.hash, max);
    if (!minted.ok) return refuseMint(minted.fault, max);
    const { conversation, created } = minted.value;
    if (created) tools.metrics.conversationMinted();
    const { account_id } = account.value;
    const { conversation_id } = conversation;
    const event = created ? "conversation_minted" : "link_added";
    tools.log.info({ event, account_id, conversation_id }, "minted");
    const streamName = wish.value.streamName ?? newStreamName();
    const json = joinMembers({
      ...conversationMembers(conversation),
      magic_link: toJsonText(link.magicLink(conversation)),
      stream_id: toJsonText(streamIdOf(tools.peppers, conversation_id, account_id, streamName)),
      stream_name: toJsonText(streamName),
      stream_metadata: wish.value.streamMetadata,
    });
    return reply(created ? 201 : 200, json);
  },
};

export const listConversations: Endpoint = {
  name: "list_conversations",
  doc: {
    summary: "List the conversations",
    description: "The account's conversations, oldest first. Pass `next_cursor` back as `cursor`.",
    auth: "bearer",
    query: listQuery,
    success: { 200: { about: "One page.", schema: conversationsBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "namespace_mismatch",
      "invalid_limit",
      "invalid_cursor",
    ],
    curl: "",
  },
  handle: async (call, tools) => {
    const account = await authenticateOwner(call, tools, "read");
    if (!account.ok) return problem(account.fault);
    const limit = readLimit(call.query("limit"));
    if (limit === null) return problem("invalid_limit");
    const page = await tools.directory.listConversations(account.value.namespace, {
      cursor: call.query("cursor"),
      limit,
    });
    if (!page.ok) return problem(page.fault);
    const items = page.value.conversations.map((item) => joinMembers(conversationMembers(item)));
    const json = joinMembers({
      conversations: trustJsonText(`[${items.join(",")}]`),
      next_cursor: toJsonText(page.value.next_cursor),
    });
    call.meter.spend(costMs(json.length));
    return reply(200, json);
  },
};

export const deleteConversation: Endpoint = {
  name: "delete_conversation",
  doc: {
    summary: "Delete a conversation",
    description: "Closes every socket in it (4005 `conversation_closed`) and frees its alias.",
    auth: "bearer",
    success: { 204: { about: "It is gone.", schema: null } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "namespace_mismatch",
      "not_found",
    ],
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const owner = await authenticateAddress(call, tools, "full");
    if (!owner.ok) return problem(owner.fault);
    const deleted = await tools.directory.deleteConversation(owner.value.address);
    if (!deleted.ok) return problem(deleted.fault);
    const { account_id } = owner.value.account;
    await record(call, tools, account_id, "conversation_deleted", owner.value.address.alias);
    tools.log.info({ event: "conversation_deleted", account_id }, "conversation deleted");
    return noContent();
  },
};

/** What every answer about a conversation says of it. */
export function conversationMembers(conversation: Conversation): Record<string, JsonText> {
  const { expires_at_ms } = conversation;
  return {
    conversation_id: toJsonText(conversation.conversation_id),
    namespace: toJsonText(conversation.namespace),
    alias: toJsonText(conversation.alias),
    id_kind: toJsonText(conversation.id_kind),
    metadata: conversation.metadata,
    replay: trustJsonText(JSON.stringify(conversation.replay ?? null)),
    expires_at: toJsonText(expires_at_ms === null ? null : new Date(expires_at_ms).toISOString()),
    created_at: toJsonText(conversation.created_at),
  };
}

/** Mints under the alias asked for, or under generated ones until one is free. */
async function mint(
  tools: Tools,
  account: Account,
  wish: MintRequest,
  linkHash: string,
  /** 0 for any number. */
  conversationsMax: number,
): Promise<Outcome<Minted, MintFault>> {
  const now = tools.now();
  const conversation: Omit<Conversation, "alias"> = {
    namespace: account.namespace,
    conversation_id:
      wish.canonical === null
        ? newConversationId(now)
        : canonicalConversationId(account.namespace, wish.canonical),
    generation: newGeneration(),
    owner_account_id: account.account_id,
    id_kind: wish.idKind,
    metadata: wish.metadata,
    created_at: new Date(now).toISOString(),
    replay: wish.replay,
    expires_at_ms: wish.expiresInS === null ? null : now + wish.expiresInS * 1000,
    max_joins: wish.maxJoins,
    subscribers_max: account.subscribers_max,
  };
  for (let attempt = 1; ; attempt += 1) {
    const alias = wish.alias ?? newAlias();
    const minted = await tools.directory.mint({
      conversation: { ...conversation, alias },
      linkHash,
      conversationsMax: conversationsMax || undefined,
    });
    const again = wish.alias === null && attempt < ALIAS_ATTEMPTS_MAX;
    if (minted.ok || minted.fault !== "alias_taken" || !again) return minted;
  }
}

/** How much each of its conversations may keep: the deployment's limits, or less. */
function replayLimits(
  { replay_bytes_max, replay_seconds_max }: AccountLimits,
  limits: ReplayLimits,
) {
  return {
    replayBytesMax: Math.min(replay_bytes_max ?? Number.POSITIVE_INFINITY, limits.replayBytesMax),
    replayTtlSMax: Math.min(replay_seconds_max ?? Number.POSITIVE_INFINITY, limits.replayTtlSMax),
  };
}

function mintRate(perMinute: number): string {
  return `The account may mint ${perMinute} conversations per minute (mints_per_minute): wait as Retry-After says, or ask for a larger plan.`;
}

/** What the limits of `GET /v1` don't say: that this account may keep less. */
function refuseMintRequest(fault: MintRequestFault, kept: ReplayLimits, { config }: Tools) {
  const { replayBytesMax, replayTtlSMax } = kept;
  const isLess = replayBytesMax < config.replayBytesMax || replayTtlSMax < config.replayTtlSMax;
  if (fault !== "invalid_replay" || !isLess) return problem(fault);
  const most = `max_bytes up to ${replayBytesMax} (replay_bytes), ttl_s up to ${replayTtlSMax} (replay_ttl_s)`;
  return problem(fault, {}, `${PROBLEMS[fault].message} This account may have ${most}.`);
}

function refuseMint(fault: MintFault, max: number): Response {
  if (fault !== "conversation_limit") return problem(fault);
  const limit = `The account may have ${max} conversations at a time (conversations_per_account) and has them`;
  return problem(fault, {}, `${limit}: delete one, let one expire, or ask for a larger plan.`);
}
