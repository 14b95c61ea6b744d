/**
 * One conversation as this gateway serves it: the roster, the sessions that are here, and their
 * audience. Frames and events pass through in the order in which they come, and each has taken its
 * whole effect before the next is looked at.
 */
import type {
  ChannelEvent,
  ConnectionId,
  Held,
  Place,
  ReclaimFault,
  RosterEntry,
  RosterEvent,
  Where,
} from "@ams/directory";
import type {
  AccountId,
  CloseReason,
  DataSpan,
  FrameFault,
  JsonText,
  StreamId,
} from "@ams/protocol";
import { Arrivals } from "../accept/arrivals.ts";
import type { Socket } from "../accept/sockets.ts";
import { Intake } from "../bus/intake.ts";
import type { Outbox } from "../bus/relay.ts";
import type { GatewayDeps } from "../deps.ts";
import { type HeldStream, isHeldBy, placeOf } from "../lifecycle/places.ts";
import { toIso } from "../time.ts";
import { Audience } from "./audience.ts";
import { CatchUp } from "./catch-up.ts";
import { Emission, stamp } from "./emission.ts";
import { notifyAudience } from "./notify.ts";
import { Recent } from "./recent.ts";
import { RemoteFrames } from "./remote-frames.ts";
import { type LiveStream, Roster } from "./roster.ts";
import type { Session } from "./session.ts";
import type { Waiting } from "./waiting.ts";

type ClaimedEvent = Extract<RosterEvent, { kind: "claimed" }>;
type LeftEvent = Extract<RosterEvent, { kind: "left" }>;

/** Sessions that have left of which the last n is remembered, while their leave is under way. */
const ENDED_MAX = 1_000;

export class Conversation {
  readonly where: Where;
  readonly channel: string;
  readonly roster: Roster;
  readonly arrivals = new Arrivals();
  readonly intake: Intake;
  readonly #owner: AccountId;
  readonly #deps: GatewayDeps;
  readonly #audience: Audience;
  readonly #outbox: Outbox;
  readonly #emission: Emission;
  readonly #catchUp: CatchUp;
  readonly #sessions = new Map<ConnectionId, Session>();
  /** How far sessions that have left had come: their leave may still be under way. */
  readonly #ended = new Recent<ConnectionId, number>(ENDED_MAX);
  /** Called once for each session that has ended here. */
  readonly #released: () => void;

  constructor(where: Where, owner: AccountId, deps: GatewayDeps, released: () => void) {
    this.where = where;
    this.channel = deps.directory.channels.conversation(where);
    this.#owner = owner;
    this.#deps = deps;
    this.#audience = new Audience(deps.sockets);
    const holderOf = (id: StreamId) => {
      const holder = this.roster.get(id);
      return holder && this.#sessions.get(holder.entry.connection);
    };
    this.roster = new Roster(notifyAudience(this.#audience, holderOf, deps));
    this.#outbox = deps.relay.open(this.channel, {
      deliver: (emitted) => this.#emission.deliver(emitted),
      subscribers: () => this.#audience.size,
    });
    this.#released = released;
    this.#emission = new Emission(where, deps, this.roster, this.#audience, this.#outbox);
    this.#catchUp = new CatchUp({
      stalls: deps.stalls,
      announce: (mark) => deps.relay.publishMark(this.#outbox, mark),
      done: () => deps.waiting.resume(),
    });
    const remote = new RemoteFrames(deps, this.roster, this.#audience, holderOf);
    this.intake = new Intake({
      event: (event) => this.#applyEvent(event),
      batch: (batch) => remote.deliver(batch),
      unread: () => deps.metrics.unread("conversation"),
    });
  }

  now(): number {
    return this.#deps.now();
  }

  get waiting(): Waiting {
    return this.#deps.waiting;
  }

  /** Asked before each frame, in the turn in which it is emitted (§3.5.1). */
  holdsStream(stream: LiveStream): boolean {
    const nowMs = performance.now();
    return this.leaseHolds(stream, nowMs) && this.#catchUp.isCurrent(nowMs);
  }

  leaseHolds({ claim, entry }: LiveStream, nowMs = performance.now()): boolean {
    return claim === "held" && this.#deps.holds(entry.gateway, nowMs);
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  holds(connection: ConnectionId): boolean {
    return this.#sessions.has(connection);
  }

  /** What an account's limit counts of a stream. */
  placeOf(stream: HeldStream): Place {
    return placeOf(this.where.conversationId, this.#owner, stream);
  }

  /**
   * Whether a session here, or a join that is under way, answers for what the directory lists in
   * its name.
   */
  answersFor(held: Held): boolean {
    const { connection } = held.kind === "place" ? held.place : held;
    if (this.arrivals.has(connection)) return true;
    const entry = this.#sessions.get(connection)?.stream.entry;
    return entry !== undefined && isHeldBy(held, entry, this.placeOf(entry));
  }

  /** Adds a session that was just welcomed: it hears what is emitted from now on. */
  enter(session: Session, socket: Socket): void {
    this.flush();
    this.#sessions.set(session.stream.entry.connection, session);
    this.#audience.enter(socket, session.terms.subscription);
  }

  /** A session's socket is closed: subscribers are notified here and through the directory. */
  leave(session: Session): void {
    const { stream } = session;
    if (!this.#remove(session)) return;
    const { stream_id, epoch } = stream.entry;
    const n = stream.lastN ?? 0;
    const ts = toIso(stamp(stream, this.now()));
    this.#ended.put(stream.entry.connection, n);
    this.flush();
    this.roster.left(stream_id, epoch, n, ts);
    this.#deps.holdings.giveBack(this.where, stream.entry, this.placeOf(stream.entry), { n, ts });
  }

  /** A claim failed: what it left in the roster and in the directory is taken back. */
  abandon(claim: Pick<RosterEntry, "stream_id" | "stream_name" | "connection">): void {
    const stream = this.roster.get(claim.stream_id);
    const ts = toIso(this.now());
    if (stream?.entry.connection === claim.connection) {
      this.roster.left(claim.stream_id, stream.entry.epoch, 0, ts);
    }
    this.#deps.holdings.giveBack(this.where, claim, null, { n: 0, ts });
  }

  emitToken(
    session: Session,
    socket: Socket,
    bytes: Uint8Array,
    span: Readonly<DataSpan>,
    nowMs: number,
  ): void {
    this.#emission.emitToken(session, socket, bytes, span, nowMs);
  }

  emitMetadata(session: Session, socket: Socket, metadata: JsonText, nowMs: number): void {
    this.#emission.emitMetadata(session, socket, metadata, nowMs);
  }

  /** Sends what was emitted in this turn until now. */
  flush(): void {
    this.#deps.relay.flush(this.#outbox);
  }

  countFault(fault: FrameFault): void {
    this.#deps.metrics.fault(fault);
  }

  /** Closes every session of which this is true. */
  closeWhere(matches: (session: Session) => boolean, reason: CloseReason): void {
    for (const session of [...this.#sessions.values()]) if (matches(session)) session.close(reason);
  }

  /** Ends a connection, or the join that it is yet. */
  end(connection: ConnectionId, reason: CloseReason): void {
    this.arrivals.refuse(connection, reason);
    this.#sessions.get(connection)?.close(reason);
  }

  /** The conversation, or its place in the directory, is gone: nothing is left to leave there. */
  closeAll(reason: CloseReason): void {
    this.arrivals.refuseWhere(() => true, reason);
    for (const session of [...this.#sessions.values()]) this.#expel(session, reason);
  }

  /** Another connection holds the stream now. */
  displace(session: Session): void {
    this.#expel(session, "stream_displaced");
  }

  /** The stream could not be claimed again. */
  endUnheld(session: Session, fault: ReclaimFault): void {
    if (fault === "conversation_not_found") this.closeAll("conversation_closed");
    else this.#endAndRemove(session, fault === "displaced" ? "stream_displaced" : "internal_error");
  }

  /** Nobody holds the stream, as far as is known here: readers hear that it left. */
  #endAndRemove(session: Session, reason: CloseReason): void {
    const { stream } = session;
    this.#expel(session, reason);
    const ts = toIso(stamp(stream, this.now()));
    this.roster.left(stream.entry.stream_id, stream.entry.epoch, stream.lastN ?? 0, ts);
  }

  /** Notifies the other gateways how far each stream that is held here has emitted. */
  announceTails(): void {
    for (const { stream } of this.#sessions.values()) {
      const { stream_id, epoch } = stream.entry;
      const n = stream.lastN ?? 0;
      if (n > 0) this.#deps.relay.announce(this.#outbox, { kind: "tail", stream_id, epoch, n });
    }
  }

  /** Takes up what the directory says after events may have been lost. */
  reconcile(entries: readonly RosterEntry[]): void {
    const isOrphan = ({ gateway, connection }: RosterEntry) =>
      gateway === this.#deps.gateway() && !this.holds(connection) && !this.arrivals.has(connection);
    for (const entry of entries.filter(isOrphan)) this.#returnOrphan(entry);
    const present = entries.filter((entry) => !isOrphan(entry));
    const unheard = present.filter((entry) => this.#isUnheard(entry));
    const taken = new Set(unheard.filter(({ stream_id }) => this.roster.get(stream_id)));
    for (const entry of present) this.#yieldUnheard(entry);
    this.roster.reconcile(present, toIso(this.now()), (stream) =>
      this.holds(stream.entry.connection),
    );
    for (const entry of unheard) this.#acceptUnheard(entry, taken.has(entry));
    this.#doubtUnnamed(entries);
  }

  /** The claim of a pending join whose event was lost. One that was heard waits for a yield. */
  #isUnheard({ stream_id, connection }: RosterEntry): boolean {
    const known = this.roster.get(stream_id)?.entry.connection;
    return this.arrivals.has(connection) && known !== connection;
  }

  #acceptUnheard({ stream_id, connection }: RosterEntry, resumed: boolean): void {
    const stream = this.roster.get(stream_id);
    if (stream?.entry.connection === connection)
      this.arrivals.accept(connection, { stream, resumed });
  }

  /** Sessions here that the directory does not name: they are claimed again, or end. */
  #doubtUnnamed(entries: readonly RosterEntry[]): void {
    const named = new Set(entries.map(({ connection }) => connection));
    for (const { stream } of this.#sessions.values()) {
      if (!named.has(stream.entry.connection)) this.#doubt(stream);
    }
  }

  #doubt(stream: LiveStream): void {
    this.roster.doubt(stream);
    this.#deps.recheck();
  }

  #applyEvent(event: ChannelEvent): void {
    switch (event.kind) {
      case "claimed":
        this.#applyClaim(event);
        return;
      case "left":
        this.#applyLeft(event);
        return;
      case "yielded":
        this.roster.yielded(event.epoch, event.n);
        this.#advanceClock(event.stream_id, event.ts);
        this.arrivals.yielded(event.epoch);
        return;
      case "tail":
        if (!this.#holdsEpoch(event.stream_id, event.epoch)) this.roster.tail(event.epoch, event.n);
        return;
      case "mark":
        if (event.tails) this.announceTails();
        this.#catchUp.heard(event.mark);
        return;
      case "links_revoked":
        this.arrivals.refuseWhere(({ link }) => link <= event.up_to, "link_revoked");
        this.closeWhere(({ stream }) => stream.entry.link <= event.up_to, "link_revoked");
        return;
      case "closed":
        this.closeAll("conversation_closed");
        return;
      default:
        event satisfies never;
    }
  }

  #applyLeft({ stream_id, epoch, n, ts }: LeftEvent): void {
    // Announced by others while it is alive and held here: it is claimed again.
    const stream = this.roster.get(stream_id);
    if (stream !== undefined && this.#holdsEpoch(stream_id, epoch)) this.#doubt(stream);
    else this.roster.left(stream_id, epoch, n, ts);
  }

  #applyClaim({ entry, displaced }: ClaimedEvent): void {
    const waitForYield = displaced !== null && !this.#displaceHere(displaced, entry);
    const unheard = this.#yieldUnheard(entry);
    const stream = this.roster.claimed(entry, displaced !== null && !unheard);
    if (stream === null || !this.arrivals.has(entry.connection)) {
      this.#returnOrphan(entry);
      return;
    }
    const heard = { stream, resumed: displaced !== null };
    if (waitForYield) this.arrivals.acceptAfterYield(entry.connection, displaced.epoch, heard);
    else this.arrivals.accept(entry.connection, heard);
  }

  /**
   * Ends the displaced connection if it is, or was, one of this gateway. True when there is nobody
   * else to wait for.
   */
  #displaceHere(displaced: NonNullable<ClaimedEvent["displaced"]>, by: RosterEntry): boolean {
    const session = this.#sessions.get(displaced.connection);
    const isHere = session !== undefined || displaced.gateway === this.#deps.gateway();
    if (!isHere) return false;
    const stream = session?.stream;
    if (session !== undefined) this.#expel(session, "stream_displaced");
    else this.arrivals.refuse(displaced.connection, "stream_displaced");
    // Also when the new holder is here: the others must hear how far the old one had come.
    this.#deps.relay.announce(this.#outbox, {
      kind: "yielded",
      stream_id: by.stream_id,
      epoch: displaced.epoch,
      n: stream?.lastN ?? this.#ended.get(displaced.connection) ?? null,
      ts: stream === undefined ? null : toIso(stream.lastMs),
    });
    return true;
  }

  /** Ends a session here of whose takeover no event came. True when there was one. */
  #yieldUnheard(by: RosterEntry): boolean {
    const held = this.roster.get(by.stream_id)?.entry;
    if (held === undefined || !this.holds(held.connection)) return false;
    if (held.epoch > by.epoch || held.connection === by.connection) return false;
    this.#displaceHere(held, by);
    if (held.joined_at === by.joined_at) {
      this.roster.claimed(by, true);
      this.roster.yielded(held.epoch, null); // Here nothing of it was lost.
    }
    return true;
  }

  /** A claim in this gateway's name that nobody here waits for any more is given back. */
  #returnOrphan(entry: RosterEntry): void {
    const isOurs = entry.gateway === this.#deps.gateway();
    if (!isOurs || this.holds(entry.connection)) return;
    const n = this.#ended.get(entry.connection) ?? null;
    this.#deps.holdings.giveBack(this.where, entry, null, { n, ts: toIso(this.now()) });
  }

  #advanceClock(id: StreamId, ts: string | null): void {
    const stream = this.roster.get(id);
    if (stream !== undefined && ts !== null)
      stream.lastMs = Math.max(stream.lastMs, Date.parse(ts));
  }

  #holdsEpoch(id: StreamId, epoch: number): boolean {
    const entry = this.roster.get(id)?.entry;
    return entry !== undefined && entry.epoch === epoch && this.holds(entry.connection);
  }

  /** Ends a session that no longer holds its stream, and frees its quota slot. */
  #expel(session: Session, reason: CloseReason): void {
    this.flush();
    if (!this.#remove(session)) return;
    session.expel(reason);
    this.#deps.holdings.releasePlace(this.placeOf(session.stream.entry));
  }

  #remove(session: Session): boolean {
    const { owner_account_id, connection } = session.stream.entry;
    if (!this.#sessions.delete(connection)) return false;
    this.#deps.credentials.forget(owner_account_id, connection);
    this.#audience.exit(session.terms.subscription);
    this.#released();
    return true;
  }
}
