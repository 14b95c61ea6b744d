/**
 * The sessions of one conversation at this gateway: how each begins to be served, and the ways in
 * which it ends.
 */
import type { ConnectionId, ReclaimFault, RosterEntry, Where } from "@ams/directory";
import type { CloseReason, StreamId } from "@ams/protocol";
import type { Arrivals } from "../accept/arrivals.ts";
import type { Socket } from "../accept/sockets.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Quota } from "../lifecycle/quota-slots.ts";
import type { FollowTerms } from "../replay/follower.ts";
import type { Followers } from "../replay/followers.ts";
import { toIso } from "../time.ts";
import type { Audience } from "./audience.ts";
import { type Emission, stamp } from "./emission.ts";
import { Recent } from "./recent.ts";
import type { Roster } from "./roster.ts";
import type { Session } from "./session.ts";

/** Sessions that have left of which the last n is remembered, while their leave is under way. */
const ENDED_MAX = 1_000;

export type SessionsParts = {
  readonly where: Where;
  readonly deps: GatewayDeps;
  readonly roster: Roster;
  readonly audience: Audience;
  readonly emission: Emission;
  /** Those that are served from the log; null where nothing is kept. */
  readonly followers: Followers | null;
  readonly arrivals: Arrivals;
  readonly quota: Quota;
  /** Called once for each session that has ended here. */
  readonly released: () => void;
};

export class Sessions {
  readonly #parts: SessionsParts;
  readonly #present = new Map<ConnectionId, Session>();
  /** How far sessions that have left had come: their leave may still be under way. */
  readonly #ended = new Recent<ConnectionId, number>(ENDED_MAX);

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  values(): IterableIterator<Session> {
    return this.#present.values();
  }

  has(connection: ConnectionId): boolean {
    return this.#present.has(connection);
  }

  get(connection: ConnectionId): Session | undefined {
    return this.#present.get(connection);
  }

  /** The session here that holds the stream. */
  holderOf(id: StreamId): Session | undefined {
    const holder = this.#parts.roster.get(id);
    return holder && this.#present.get(holder.entry.connection);
  }

  /** The last n of a session that has left; undefined when it isn't known any more. */
  lastNOf(connection: ConnectionId): number | undefined {
    return this.#ended.get(connection);
  }

  /**
   * Adds a session that was just welcomed: it hears what is emitted from now on, or what is kept
   * before that.
   */
  enter(session: Session, socket: Socket, follow: FollowTerms | null = null): void {
    const { emission, audience, followers, deps, quota } = this.#parts;
    const { subscription } = session.terms;
    const { stream } = session;
    emission.flush();
    stream.meter ??= deps.meters.of(quota.payerOf(stream.entry));
    stream.meter.connections += 1;
    this.#present.set(session.stream.entry.connection, session);
    if (follow === null || followers === null) audience.enter(socket, subscription);
    else {
      audience.wait(socket);
      followers.begin(session, socket, follow, () => audience.enter(socket, subscription));
    }
  }

  drained(session: Session): void {
    this.#parts.followers?.drained(session);
  }

  /** A session's socket is closed: subscribers are notified here and through the directory. */
  leave(session: Session): void {
    const { where, deps, roster, emission, quota } = this.#parts;
    const { stream } = session;
    if (!this.#remove(session)) return;
    const { stream_id, epoch } = stream.entry;
    const n = stream.lastN ?? 0;
    const ts = toIso(stamp(stream, deps.now()));
    this.#ended.put(stream.entry.connection, n);
    emission.keepLeft(stream, n, ts);
    emission.flush();
    roster.left(stream_id, epoch, n, ts);
    // It was taken over before the directory heard of the leave: how far it came is still news.
    const displaced = () => emission.announceYield({ stream_id, epoch, n, ts });
    deps.holdings.giveBack(where, stream.entry, quota.slotOf(stream.entry), { n, ts }, displaced);
  }

  /** A claim failed: what it left in the roster and in the directory is taken back. */
  abandon(claim: Pick<RosterEntry, "stream_id" | "stream_name" | "connection">): void {
    const { where, deps, roster } = this.#parts;
    const stream = roster.get(claim.stream_id);
    const ts = toIso(deps.now());
    if (stream?.entry.connection === claim.connection) {
      roster.left(claim.stream_id, stream.entry.epoch, 0, ts);
    }
    deps.holdings.giveBack(where, claim, null, { n: 0, ts });
  }

  /** Closes every session of which this is true. */
  closeWhere(matches: (session: Session) => boolean, reason: CloseReason): void {
    for (const session of [...this.values()]) if (matches(session)) session.close(reason);
  }

  /** The conversation, or its record in the directory, is gone: nothing is left to leave there. */
  closeAll(reason: CloseReason): void {
    this.#parts.arrivals.refuseWhere(() => true, reason);
    for (const session of [...this.values()]) this.expel(session, reason);
  }

  /** Ends a session that no longer holds its stream, and frees its quota slot. */
  expel(session: Session, reason: CloseReason): void {
    const { deps, emission, quota } = this.#parts;
    emission.flush();
    if (!this.#remove(session)) return;
    session.expel(reason);
    deps.holdings.releaseSlot(quota.slotOf(session.stream.entry));
  }

  /** The stream could not be claimed again. */
  endUnheld(session: Session, fault: ReclaimFault): void {
    if (fault === "conversation_not_found") this.closeAll("conversation_closed");
    else this.#endAndLeave(session, fault === "displaced" ? "stream_displaced" : "internal_error");
  }

  /** Nobody holds the stream, as far as is known here: readers hear that it left. */
  #endAndLeave(session: Session, reason: CloseReason): void {
    const { deps, roster } = this.#parts;
    const { stream } = session;
    this.expel(session, reason);
    const ts = toIso(stamp(stream, deps.now()));
    roster.left(stream.entry.stream_id, stream.entry.epoch, stream.lastN ?? 0, ts);
  }

  #remove(session: Session): boolean {
    const { deps, audience, followers, released } = this.#parts;
    const { owner_account_id, connection } = session.stream.entry;
    if (!this.#present.delete(connection)) return false;
    if (session.stream.meter !== null) session.stream.meter.connections -= 1;
    deps.credentials.forget(owner_account_id, connection);
    if (followers?.stop(session) !== true) audience.exit(session.terms.subscription);
    released();
    return true;
  }
}
