/**
 * Which seat a call is about: see `Session` of the contract for the rules. Finds, and changes
 * nothing.
 */

import { failure } from "../checks/faults.ts";
import { automaticName, isStreamName } from "../checks/names.ts";
import type { CheckedLink, Links, Result, Who } from "../contract.ts";
import type { Target } from "../sessions/requests.ts";
import type { SessionState } from "../sessions/session-state.ts";
import { ownerOf } from "../sessions/who.ts";
import { parseCursor } from "./cursor.ts";
import type { Seat } from "./seat.ts";
import type { Seats } from "./seats.ts";

export type Aim = Target & { readonly cursor?: string };

export type Found = {
  readonly conversationId: string;
  /** A link that was checked for this call; null when it brought none. */
  readonly link: CheckedLink | null;
  /** Null when there is none yet. */
  readonly seat: Seat | null;
  /** The name that was asked for; null for an automatic one. */
  readonly streamName: string | null;
};

export type Finding = {
  readonly links: Links;
  readonly seats: Seats;
  readonly state: SessionState;
  readonly who: Who;
};

export async function find(finding: Finding, aim: Aim): Promise<Result<Found>> {
  const cursor = aim.cursor === undefined ? null : parseCursor(aim.cursor);
  if (cursor === null && aim.cursor !== undefined) return failure("invalid_cursor");
  const streamName = aim.streamName ?? cursor?.streamName ?? null;
  if (streamName !== null && !isStreamName(streamName)) return failure("invalid_stream_name");
  const linked = await linkOf(finding, aim);
  if (!linked.ok) return linked;
  const { link } = linked;
  const conversation = conversationOf(finding, aim, link);
  if (!conversation.ok) return conversation;
  const { conversationId } = conversation;
  const found = seatOf(finding, conversationId, link, streamName);
  return found.ok ? { ok: true, conversationId, link, seat: found.seat, streamName } : found;
}

/**
 * Names to try for a seat that was given none: 4 hex have room for more than an account has
 * streams.
 */
const ATTEMPTS_MAX = 1_000;

/** The first automatic name whose seat nobody else has. */
export function nameFor(
  { seats, state, who }: Finding,
  link: CheckedLink,
  client: string | undefined,
): string {
  const { id, passing } = state.name;
  const clientName = client ?? state.name.peerIdentity?.client ?? state.name.clientName;
  const owner = ownerOf(who, link) ?? "";
  const seed = who.kind === "account" ? `${owner}|${link.conversationId}` : id;
  const isFree = (name: string) => {
    const seat = seats.get(owner, link.conversationId, name);
    if (seat !== null) return seat.holder === null || seat.holder === state;
    return passing || !link.streams.some((stream) => stream.streamName === name);
  };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const name = automaticName(clientName, seed, attempt);
    if (isFree(name)) return name;
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
  { seats, state }: Finding,
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
  const own = state.holds.map((hold) => hold.seat).filter((seat) => seats.has(seat));
  const here = own.some((seat) => !seat.line.left) ? own.filter((seat) => !seat.line.left) : own;
  const [only, ...more] = new Set(here.map((seat) => seat.conversationId));
  if (only === undefined) return failure("not_joined");
  return more.length === 0 ? { ok: true, conversationId: only } : failure("which_conversation");
}

function seatOf(
  { seats, state, who }: Finding,
  conversationId: string,
  link: CheckedLink | null,
  streamName: string | null,
): Result<{ readonly seat: Seat | null }> {
  const owner = ownerOf(who, link);
  const own = state.holds
    .map((hold) => hold.seat)
    .filter((seat) => seat.conversationId === conversationId && seats.has(seat));
  if (streamName !== null) {
    const seat =
      owner === null
        ? own.findLast((held) => held.streamName === streamName)
        : seats.get(owner, conversationId, streamName);
    return { ok: true, seat: seat ?? null };
  }
  const last = own.at(-1);
  if (last !== undefined) {
    // Callers that share a passing session don't know which seat another one used, or left, last.
    const isUnclear = state.name.passing && own.length > 1;
    return isUnclear ? failure("which_stream") : { ok: true, seat: last };
  }
  if (owner === null || link !== null) return { ok: true, seat: null };
  const [only, ...more] = seats.of(owner, conversationId);
  return more.length === 0 ? { ok: true, seat: only ?? null } : failure("which_stream");
}
