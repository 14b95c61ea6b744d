/**
 * Which subscription a call is about: see `Session` of the contract for the rules. Finds, and
 * changes nothing.
 */

import { type Failure, failure, nameTaken } from "../checks/faults.ts";
import { automaticName, isStreamName } from "../checks/names.ts";
import { type HandleParts, ownerTag, type Seal } from "../checks/seal.ts";
import type { CheckedLink, Links, Result, Who } from "../contract.ts";
import type { Target } from "../sessions/requests.ts";
import type { SessionState } from "../sessions/session-state.ts";
import { ownerOf } from "../sessions/who.ts";
import { parseCursor } from "./cursor.ts";
import type { Subscription } from "./subscription.ts";
import type { Subscriptions } from "./subscriptions.ts";

export type Aim = Target & { readonly cursor?: string };

export type Found = {
  readonly conversationId: string;
  /** A link that was checked for this call; null when it brought none. */
  readonly link: CheckedLink | null;
  /** Null when there is none yet. */
  readonly subscription: Subscription | null;
  /** The name that was asked for; null for an automatic one. */
  readonly streamName: string | null;
  /** What the call's handle says; null without one. */
  readonly handle: GivenHandle | null;
};

export type GivenHandle = HandleParts & { readonly text: string };

export type Finding = {
  readonly links: Links;
  readonly seal: Seal;
  readonly subscriptions: Subscriptions;
  readonly state: SessionState;
  readonly who: Who;
};

export async function find(finding: Finding, aim: Aim): Promise<Result<Found>> {
  const cursor = aim.cursor === undefined ? null : parseCursor(aim.cursor);
  if (cursor === null && aim.cursor !== undefined) return failure("invalid_cursor");
  if (aim.handle !== undefined) return await findByHandle(finding, aim, aim.handle);
  const streamName = aim.streamName ?? cursor?.streamName ?? null;
  if (streamName !== null && !isStreamName(streamName)) return failure("invalid_stream_name");
  const linked = await linkOf(finding, aim);
  if (!linked.ok) return linked;
  const { link } = linked;
  const conversation = conversationOf(finding, aim, link);
  if (!conversation.ok) return conversation;
  const { conversationId } = conversation;
  const found = subscriptionOf(finding, conversationId, link, streamName);
  if (!found.ok) return found;
  return {
    ok: true,
    conversationId,
    link,
    subscription: found.subscription,
    streamName,
    handle: null,
  };
}

/**
 * Names to try for a subscription that was given none: 4 hex digits hold more than an account has
 * streams.
 */
const ATTEMPTS_MAX = 1_000;

/** The first automatic name whose subscription nobody else has. */
export function nameFor(
  { subscriptions, state, who }: Finding,
  link: CheckedLink,
  client: string | undefined,
): string {
  const { id, seed = id, revived = false } = state.name;
  const clientName = client ?? state.name.peerIdentity?.client ?? state.name.clientName;
  const owner = ownerOf(who, link) ?? "";
  // The first name of a revived session is its own, though the roster may still have it.
  const isFree = (name: string, attempt: number) => {
    const subscription = subscriptions.get(owner, link.conversationId, name);
    if (subscription !== null) return subscription.holder === state;
    return (revived && attempt === 0) || !isInRoster(link, name);
  };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const name = automaticName(clientName, seed, attempt);
    if (isFree(name, attempt)) return name;
  }
  return automaticName(clientName, `${seed}|${id}`);
}

type Linked = { readonly link: CheckedLink | null };

async function linkOf({ links, who }: Finding, aim: Aim): Promise<Result<Linked>> {
  if (aim.link !== undefined) return await links.check(aim.link);
  const bound = who.kind === "guest" ? who.link : null;
  const isElsewhere =
    aim.conversationId !== undefined && aim.conversationId !== bound?.conversationId;
  return { ok: true, link: isElsewhere ? null : bound };
}

type InConversation = { readonly conversationId: string };

function conversationOf(
  { subscriptions, state }: Finding,
  { conversationId }: Aim,
  link: CheckedLink | null,
): Result<InConversation> {
  if (link !== null) {
    const isSame = conversationId === undefined || conversationId === link.conversationId;
    return isSame
      ? { ok: true, conversationId: link.conversationId }
      : failure("conversation_mismatch");
  }
  if (conversationId !== undefined) return { ok: true, conversationId };
  const own = state.holds
    .map((hold) => hold.subscription)
    .filter((subscription) => subscriptions.has(subscription));
  const here = own.some((subscription) => !subscription.wire.left)
    ? own.filter((subscription) => !subscription.wire.left)
    : own;
  const [only, ...more] = new Set(here.map((subscription) => subscription.conversationId));
  if (only === undefined) return failure("not_joined");
  return more.length === 0 ? { ok: true, conversationId: only } : failure("which_conversation");
}

function subscriptionOf(
  { subscriptions, state, who }: Finding,
  conversationId: string,
  link: CheckedLink | null,
  streamName: string | null,
): Result<{ readonly subscription: Subscription | null }> {
  const owner = ownerOf(who, link);
  const own = state.holds
    .map((hold) => hold.subscription)
    .filter(
      (subscription) =>
        subscription.conversationId === conversationId && subscriptions.has(subscription),
    );
  if (streamName === null) return { ok: true, subscription: own.at(-1) ?? null };
  const held = own.findLast((subscription) => subscription.streamName === streamName);
  if (held !== undefined || owner === null) return { ok: true, subscription: held ?? null };
  const subscription = subscriptions.get(owner, conversationId, streamName);
  if (who.kind === "account") return { ok: true, subscription };
  // A guest's name is another guest's until it is free: only a handle or a session proves more.
  const isTaken =
    (subscription !== null && subscription.wire.ending === null) || isInRoster(link, streamName);
  if (!isTaken) return { ok: true, subscription };
  return nameTaken(automaticName(streamName, state.name.id));
}

function isInRoster(link: CheckedLink | null, streamName: string): boolean {
  return link?.streams.some((stream) => stream.streamName === streamName) ?? false;
}

/** The subscription of a handle, for whom it was made; its link or account is checked as ever. */
async function findByHandle(finding: Finding, aim: Aim, text: string): Promise<Result<Found>> {
  const read = finding.seal.readHandle(text);
  if (read === null) return failure("unknown_handle");
  const handle = { ...read, text };
  const { conversationId, streamName } = handle;
  if ((aim.conversationId ?? conversationId) !== conversationId) {
    return failure("conversation_mismatch");
  }
  const linked = await linkFor(finding, aim, handle);
  if (!linked.ok) return linked;
  const { link } = linked;
  const { subscriptions, state, who } = finding;
  const owner = ownerOf(who, link);
  const held =
    state.holds.find(({ subscription }) => subscription.nonce === handle.nonce)?.subscription ??
    null;
  if (owner === null && held !== null && subscriptions.has(held)) {
    return { ok: true, conversationId, link, subscription: held, streamName, handle };
  }
  if (owner === null || ownerTag(owner) !== handle.owner) return failure("unknown_handle");
  const subscription = subscriptions.get(owner, conversationId, streamName);
  // A guest's name may have come to another guest meanwhile.
  const isAnothers =
    subscription !== null && subscription.nonce !== handle.nonce && who.kind === "guest";
  if (isAnothers) return failure("unknown_handle");
  const hasLeft =
    subscription === null ? subscriptions.hasRetired(handle.nonce) : subscription.swept;
  if (hasLeft && who.kind === "guest" && isInRoster(link, streamName)) {
    return nameTaken(automaticName(streamName, handle.nonce));
  }
  return { ok: true, conversationId, link, subscription, streamName, handle };
}

/** The call's own link where it leads to the conversation, else the one that the handle brings. */
async function linkFor(
  { links, subscriptions, who }: Finding,
  aim: Aim,
  { conversationId, streamName, link: sealed }: HandleParts,
): Promise<Result<Linked>> {
  if (aim.link !== undefined) {
    const given = await links.check(aim.link);
    if (!given.ok) return given.fault === "conversation_not_found" ? gone() : given;
    const isThere = given.link.conversationId === conversationId;
    return isThere ? given : failure("conversation_mismatch");
  }
  const bound = who.kind === "guest" ? who.link : (aim.boundLink ?? null);
  if (bound?.conversationId === conversationId) return { ok: true, link: bound };
  if (who.kind === "guest" || sealed === null) return { ok: true, link: null };
  const subscription = subscriptions.get(who.account.accountId, conversationId, streamName);
  if (subscription !== null) return { ok: true, link: null };
  const checked = await links.check(`http://deployment/${sealed}`);
  return !checked.ok && checked.fault === "conversation_not_found" ? gone() : checked;
}

function gone(): Failure {
  return failure("unknown_handle");
}
