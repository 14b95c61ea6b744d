/**
 * All seats of the process. Those of different owners never meet, since the owner is part of a
 * seat's key.
 */
import { LRUCache } from "lru-cache";
import { GUEST_IDLE_MS, GUEST_UNUSED_MS, SEAT_IDLE_MS, SEAT_KEPT_MS } from "../limits.ts";
import { Seat, type SeatName, type SeatRoom } from "./seat.ts";

/** Subscriptions that were retired and are remembered. */
const RETIRED_MAX = 10_000;

export class Seats {
  readonly #seats = new Map<string, Seat>();
  readonly #retired = new LRUCache<string, true>({ max: RETIRED_MAX });
  readonly #room: SeatRoom;
  #closed = false;

  constructor(room: SeatRoom) {
    this.#room = room;
  }

  get size(): number {
    return this.#seats.size;
  }

  /**
   * False for a seat that was forgotten or renewed, which a session may still have in its hands.
   */
  has(seat: Seat): boolean {
    return this.#seats.get(seat.key) === seat;
  }

  get(owner: string, conversationId: string, streamName: string): Seat | null {
    return this.#seats.get(keyOf(owner, conversationId, streamName)) ?? null;
  }

  /** All seats of an owner in a conversation. */
  of(owner: string, conversationId: string): readonly Seat[] {
    const prefix = keyOf(owner, conversationId, "");
    return [...this.#seats.values()].filter((seat) => seat.key.startsWith(prefix));
  }

  /** The seat of that name, made if need be; null when there are as many as there may be. */
  take(
    owner: string,
    conversationId: string,
    streamName: string,
    how: Pick<SeatName, "isPresumed" | "nonce" | "handle">,
  ): Seat | null {
    const key = keyOf(owner, conversationId, streamName);
    const seat = this.#seats.get(key);
    if (seat !== undefined) return seat;
    if (this.size >= this.#room.limits.seats && !this.#makePlace()) return null;
    return this.#put(new Seat({ key, owner, conversationId, streamName, ...how }, this.#room));
  }

  /** A new seat in place of one that was left: with an empty buffer, and cursors of its own. */
  renew(seat: Seat): Seat {
    const { key, owner, conversationId, streamName } = seat;
    return this.#put(new Seat({ key, owner, conversationId, streamName }, this.#room));
  }

  /**
   * The session that had it was ended by its caller. A guest's leaves nothing but its handle, by
   * which it may come back and hear that something is lost; an account's keeps its buffer.
   */
  retire(seat: Seat): void {
    seat.line.rest();
    if (!seat.isGuests || seat.line.left) return;
    this.#retired.set(seat.nonce, true);
    this.forget(seat);
  }

  /** Whether a handle is of a subscription that left here: its name may be another's by now. */
  hasRetired(nonce: string): boolean {
    return this.#retired.has(nonce);
  }

  forget(seat: Seat): void {
    if (this.has(seat)) this.#seats.delete(seat.key);
  }

  /**
   * Takes a seat back that was forgotten while a call came for it; false when there is another in
   * its place.
   */
  restore(seat: Seat): boolean {
    const other = this.#seats.get(seat.key);
    if (other === undefined) this.#put(seat);
    return other === undefined || other === seat;
  }

  /** Seats that nobody uses leave the wire, and are forgotten later. */
  sweep(): void {
    const now = this.#room.clock.now();
    for (const seat of [...this.#seats.values()]) {
      if (seat.holder?.busy) {
        seat.usedAt = now;
        seat.uses += 1;
      }
      // A request of its session is a sign of life too.
      const idleMs = Math.min(now - seat.usedAt, seat.holder?.quietMs ?? Number.POSITIVE_INFINITY);
      const patienceMs = patienceFor(seat);
      if (idleMs > patienceMs && seat.line.connection !== null) {
        seat.line.rest();
        seat.swept = true;
      }
      if (idleMs > patienceMs + SEAT_KEPT_MS) this.forget(seat);
    }
  }

  /** Every seat leaves the wire, and none comes back to it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#seats.values()].map((seat) => seat.line.close()));
    this.#seats.clear();
  }

  #put(seat: Seat): Seat {
    if (this.#closed) void seat.line.close();
    this.#seats.set(seat.key, seat);
    return seat;
  }

  /** Forgets the seat off the wire that was used longest ago. */
  #makePlace(): boolean {
    const resting = [...this.#seats.values()].filter((seat) => seat.line.ending !== null);
    const oldest = resting.sort((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest === undefined) return false;
    this.forget(oldest);
    return true;
  }
}

/** Milliseconds without a sign of life after which a subscription leaves the wire. */
function patienceFor({ isGuests, uses }: Seat): number {
  if (!isGuests) return SEAT_IDLE_MS;
  return uses > 1 ? GUEST_IDLE_MS : GUEST_UNUSED_MS;
}

function keyOf(owner: string, conversationId: string, streamName: string): string {
  return `${owner}|${conversationId}|${streamName}`;
}
