/** From a request to a seat that the session has for itself, and on to its connection. */
import type { Connection } from "@ams/client";
import { failure } from "../checks/faults.ts";
import { nonceOf, type Seal } from "../checks/seal.ts";
import type { CheckedLink, Clock, Counters, Links, Result, Who } from "../contract.ts";
import type { WrapperLimits } from "../limits.ts";
import type { Place } from "../subscriptions/buffer.ts";
import type { Wishes } from "../subscriptions/line.ts";
import type { Seat } from "../subscriptions/seat.ts";
import type { Seats } from "../subscriptions/seats.ts";
import { type Aim, type Found, find, nameFor } from "../subscriptions/target.ts";
import type { Loops } from "./loops.ts";
import type { SessionState } from "./session-state.ts";
import { identityOf, ownerOf } from "./who.ts";

/** What a call works with: the process's, and its own. */
export type Room = {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly limits: WrapperLimits;
  readonly links: Links;
  readonly loops: Loops;
  readonly seal: Seal;
  readonly seats: Seats;
  readonly state: SessionState;
  readonly who: Who;
  /** Takes the session, which has ended, out of the process. */
  readonly forget: () => void;
};

export type How = {
  /** True for a join: it may come back after a leave. */
  readonly explicit?: boolean;
  readonly takeOver?: boolean;
  /** The caller's program, where the call itself says it: the beginning of an automatic name. */
  readonly client?: string | undefined;
  /**
   * True where a seat that is named is taken for one that is there: if it has to be made, it was
   * elsewhere.
   */
  readonly presumes?: boolean;
  /** The name of a seat that has to be made, in place of an automatic one. */
  readonly newStreamName?: string | undefined;
  /**
   * Where the call would read: null refuses it before anything is claimed. Where reading stands,
   * unless given.
   */
  readonly where?: (seat: Seat) => Place | null;
};

export type Seated = {
  readonly seat: Seat;
  readonly link: CheckedLink | null;
  readonly place: Place;
  /** Whether the call proved by a handle whose it is. */
  readonly byHandle: boolean;
};

/**
 * The seat that a call is about, made if there is none and a link leads there, and claimed by this
 * session.
 */
export async function sit(room: Room, aim: Aim, how: How = {}): Promise<Result<Seated>> {
  const found = await unlessAborted(find(room, aim), aim.signal);
  if (!found.ok) return found;
  if (room.state.ended) return failure("session_ended");
  // It was forgotten or renewed since it was found.
  if (found.seat !== null && !room.seats.has(found.seat)) return await sit(room, aim, how);
  const taken = seatFor(room, found, how);
  if (!taken.ok) return taken;
  const { seat } = taken;
  const place = how.where === undefined ? seat.places.at : how.where(seat);
  if (place === null) {
    abandon(room, seat);
    if (found.seat?.line.left) room.seats.restore(found.seat); // One that was left stays left.
    return failure("invalid_cursor");
  }
  const mayTake = how.takeOver === true || found.handle !== null;
  if (!claim(room.state, seat, mayTake)) return failure("seat_taken");
  seat.usedAt = room.clock.now();
  seat.uses += 1;
  seat.swept = false;
  room.state.keep(seat);
  return { ok: true, seat, link: found.link, place, byHandle: found.handle !== null };
}

/**
 * Its connection, dialled if need be. A caller that goes doesn't end the dial: others may wait for
 * it too.
 */
export async function reach(
  room: Room,
  { seat, link, byHandle = false }: Pick<Seated, "seat" | "link"> & Partial<Seated>,
  { takeOver = false }: How,
  signal: AbortSignal | undefined,
  wishes: Wishes = {},
): Promise<Result<{ readonly connection: Connection }>> {
  // Another call may have given up on it since it was found. From here on its line is in use, and
  // nobody does.
  if (!seat.line.left && !room.seats.restore(seat)) return failure("unavailable");
  if (seat.holder === room.state) room.state.keep(seat);
  const { passing, peerIdentity } = room.state.name;
  const reached = await unlessAborted(
    seat.line.reach({
      identity: identityOf(room.who),
      link,
      takeBack: takeOver || passing || byHandle,
      wishes: { ...(peerIdentity === undefined ? {} : { peerIdentity }), ...wishes },
    }),
    signal,
  );
  if (!reached.ok) abandon(room, seat);
  return reached;
}

/** Nothing is kept of a seat that has never been on the wire. */
export function abandon({ seats, state }: Room, seat: Seat): void {
  if (seat.line.joined !== null || seat.line.dialling) return;
  seats.forget(seat);
  state.drop(seat);
}

/** What it resolves with, or `aborted` as soon as the caller has gone. */
export function unlessAborted<Value>(
  promise: Promise<Result<Value>>,
  signal: AbortSignal | undefined,
): Promise<Result<Value>> {
  if (signal === undefined) return promise;
  if (signal.aborted) return Promise.resolve(failure("aborted"));
  return new Promise((resolve, reject) => {
    const abort = () => resolve(failure("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function seatFor(
  room: Room,
  found: Found,
  { explicit = false, presumes = false, client, newStreamName }: How,
): Result<{ seat: Seat }> {
  const { seats, who } = room;
  const { seat, link, conversationId, handle } = found;
  if (seat !== null && isFreed(room, found)) return { ok: true, seat: seats.renew(seat) };
  if (seat?.line.left) return explicit ? { ok: true, seat: seats.renew(seat) } : failure("left");
  if (seat !== null) return { ok: true, seat };
  const owner = ownerOf(who, link);
  if (link === null || owner === null) return failure("not_joined");
  if (!hasPlace(room)) return failure("too_many_seats");
  const name = found.streamName ?? newStreamName ?? nameFor(room, link, client);
  // What a handle names, and what a revived session had, was elsewhere before.
  const wasElsewhere = handle !== null || room.state.name.revived === true;
  const isPresumed = (presumes && found.streamName !== null) || wasElsewhere;
  const of =
    handle === null
      ? { nonce: nonceFor(room, conversationId, name) }
      : { nonce: handle.nonce, handle: handle.text };
  const made = seats.take(owner, conversationId, name, { isPresumed, ...of });
  return made === null ? failure("too_many_seats") : { ok: true, seat: made };
}

/** The same in each process that the session comes to, so that its handles hold in all of them. */
function nonceFor({ state }: Room, conversationId: string, streamName: string): string {
  const { id, passing, seed } = state.name;
  return passing && seed !== undefined ? seed : nonceOf(`${id}|${conversationId}|${streamName}`);
}

/**
 * Whether a guest names a subscription that was another guest's and has left: the name is free, and
 * nothing of what was heard under it is theirs.
 */
function isFreed({ state, who }: Room, { seat, handle }: Found): boolean {
  if (seat === null || handle !== null || who.kind === "account") return false;
  return state.holdOf(seat) === null;
}

/**
 * Whether the session may have one more seat. One that it left makes place, else one that is off
 * the wire: the oldest.
 */
function hasPlace({ seats, state, limits }: Room): boolean {
  for (const { seat } of state.holds) if (!seats.has(seat)) state.drop(seat);
  if (state.holds.length < limits.seatsPerSession) return true;
  const resting = state.holds.map(({ seat }) => seat).filter((seat) => seat.line.ending !== null);
  const oldest = resting.find((seat) => seat.line.left) ?? resting[0];
  if (oldest === undefined) return false;
  seats.forget(oldest);
  state.drop(oldest);
  return true;
}

/**
 * Who lost a seat must say so to have it back, and so must who wants it from a session that is
 * live.
 */
function claim(state: SessionState, seat: Seat, takeOver: boolean): boolean {
  const hasLost = state.holdOf(seat)?.lost ?? false;
  return seat.claim(state, takeOver || !(hasLost || (seat.holder?.live ?? false)));
}
