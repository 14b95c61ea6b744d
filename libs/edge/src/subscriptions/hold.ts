/** A seat as one session has it: what was shown to it and pushed to it, each path for itself. */

import { type Ending, TAKEN } from "../sessions/ending.ts";
import type { Place } from "./buffer.ts";
import type { PushEvent, SeatEvent } from "./events.ts";
import { readFrom } from "./reading.ts";
import type { Seat } from "./seat.ts";

/** Events read at once for a push, so that a full listener costs little. */
const PUSH_BATCH = 32;

export class Hold {
  readonly seat: Seat;
  #start: Place;
  readonly #pushed = new Map<string, Place>();
  readonly #told = new Set<string>(); // The paths that know of the seat's ending.
  #shown: Place | null = null;
  #lost = false;

  constructor(seat: Seat) {
    this.seat = seat;
    this.#start = seat.places.at;
  }

  /** Whether another session has taken the seat. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Something may be lost before what a path hears first. */
  doubt(): void {
    this.#start = { ...this.#start, unsure: true };
  }

  lose(): void {
    this.#lost = true;
  }

  /** The session has the seat again: every path goes on where it stopped. */
  regain(): void {
    this.#lost = false;
  }

  /** How many events wait for `recv`. */
  get unread(): number {
    return this.#isOver ? 0 : this.seat.buffer.countFrom(this.seat.places.at);
  }

  /** What is unread and was not shown yet; a `truncated` counts towards `eventsMax`. */
  show(eventsMax: number): readonly SeatEvent[] {
    if (this.#isOver || eventsMax === 0) return [];
    const unread = this.seat.places.at;
    const from = this.#shown !== null && this.#shown.next >= unread.next ? this.#shown : unread;
    const whole = readFrom(this.seat, from, eventsMax);
    const isTooLong = whole.events.length > eventsMax;
    const { events, after } = isTooLong ? readFrom(this.seat, from, eventsMax - 1) : whole;
    this.#shown = after;
    return events;
  }

  /** Pushes what a path has not had, until `take` answers false: then it is false too. */
  push(path: string, take: (event: PushEvent) => boolean): boolean {
    while (!this.#lost) {
      const { events, after } = readFrom(this.seat, this.#placeOf(path), PUSH_BATCH);
      if (events.length === 0) break;
      for (const [index, event] of events.entries()) {
        // The place moves with every event: what `take` refuses to follow is read again, or lost,
        // from there.
        const unread = events.length - index - 1;
        this.#pushed.set(path, { next: after.next - unread, unsure: false });
        if (!take(event)) return false;
      }
    }
    return this.#pushEnding(path, take);
  }

  /** The next push of a path begins there. */
  rewind(path: string, place: Place): void {
    this.#pushed.set(path, place);
  }

  forget(path: string): void {
    this.#pushed.delete(path);
    this.#told.delete(path);
  }

  /** Whether there is nothing to read here any more for `recv`, which answers why. */
  get #isOver(): boolean {
    return this.#lost || this.seat.line.left;
  }

  #placeOf(path: string): Place {
    return this.#pushed.get(path) ?? this.#start;
  }

  #pushEnding(path: string, take: (event: PushEvent) => boolean): boolean {
    const ending: Ending | null = this.#lost ? TAKEN : this.seat.line.ending;
    if (ending === null) this.#told.delete(path);
    if (ending === null || this.#told.has(path)) return true;
    this.#told.add(path);
    const { conversationId, streamName } = this.seat;
    const { code, reason } = ending;
    return take({ kind: "closed", conversationId, streamName, code, reason });
  }
}
