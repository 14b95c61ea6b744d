/**
 * What a subscription has heard and its readers may still have to read: a window on one long row of
 * events, numbered from 0. Readers are only positions in that row, so that one that lags costs
 * nothing; what it missed is the distance from its position to the window.
 */
import type { SubscriptionEvent } from "./events.ts";

type WithoutCursor<Event> = Event extends unknown ? Omit<Event, "cursor"> : never;

/**
 * An event as it is kept. `truncated` is never kept: only the readers whom it concerns get it.
 */
export type Heard = WithoutCursor<Exclude<SubscriptionEvent, { readonly kind: "truncated" }>>;

/** Where a reader is. */
export type Position = {
  /** The number of the next event to read. */
  readonly next: number;
  /**
   * True when an unknown number of events may be lost before it, since the position comes from a
   * subscription that is gone.
   */
  readonly unsure: boolean;
  /** Characters of the next event's text that were read already; 0 unless given. */
  readonly skip?: number;
};

export type Reading = {
  /** Whether something is lost between the position and the first event. */
  readonly truncated: boolean;
  /** How many events of this buffer those are. */
  readonly dropped: number;
  /** The number of the first event. */
  readonly from: number;
  readonly events: readonly Heard[];
};

export const START: Position = { next: 0, unsure: false };

export type BufferLimits = { readonly bufferEvents: number; readonly bufferBytes: number };

/**
 * Slots at the array's front that may be empty before it is moved: so each event is moved about
 * once.
 */
const SLACK = 1_024;

export class EventBuffer {
  readonly #limits: BufferLimits;
  readonly #bytesOf: (event: Heard) => number;
  #row: Heard[] = [];
  #skip = 0; // How many at the front of the row are dropped already.
  #first = 0;
  #bytes = 0;

  /** `bytesOf` says what an event costs: always the same for the same one. */
  constructor(limits: BufferLimits, bytesOf: (event: Heard) => number) {
    this.#limits = limits;
    this.#bytesOf = bytesOf;
  }

  /** The number of the oldest event kept. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next event will have. */
  get end(): number {
    return this.#first + this.#row.length - this.#skip;
  }

  /** Returns how many events were dropped to make space. The newest is kept whatever its size. */
  append(event: Heard): number {
    const before = this.#first;
    this.#row.push(event);
    this.#bytes += this.#bytesOf(event);
    while (this.#isOver()) this.#dropOldest();
    if (this.#skip > SLACK && this.#skip * 2 > this.#row.length) {
      this.#row = this.#row.slice(this.#skip);
      this.#skip = 0;
    }
    return this.#first - before;
  }

  /**
   * Looks, and changes nothing: the same position reads the same events for as long as they are
   * kept.
   */
  read(position: Position, eventsMax: number): Reading {
    const dropped = Math.max(0, this.#first - position.next);
    const from = Math.max(position.next, this.#first);
    const at = this.#skip + from - this.#first;
    const events = this.#row.slice(at, at + eventsMax);
    return { truncated: position.unsure || dropped > 0, dropped, from, events };
  }

  /** Every event that is kept, the oldest first. */
  get all(): readonly Heard[] {
    return this.#row.slice(this.#skip);
  }

  /** The last event before that number that is wanted; null where none is kept. */
  lastBefore(next: number, isWanted: (event: Heard) => boolean): Heard | null {
    for (let at = this.#skip + next - this.#first - 1; at >= this.#skip; at -= 1) {
      const event = this.#row[at];
      if (event !== undefined && isWanted(event)) return event;
    }
    return null;
  }

  /**
   * How many events are left to read from there; none from beyond the end, where a position of
   * another buffer may be.
   */
  countFrom(position: Position): number {
    return Math.max(0, this.end - Math.max(position.next, this.#first));
  }

  /**
   * Whether the events that are left to read from there fill half of the buffer: a reader that
   * waits much longer loses the oldest of them.
   */
  isHalfFull(position: Position): boolean {
    return this.countFrom(position) * 2 >= this.#limits.bufferEvents;
  }

  #isOver(): boolean {
    const count = this.end - this.#first;
    const { bufferEvents, bufferBytes } = this.#limits;
    return count > 1 && (count > bufferEvents || this.#bytes > bufferBytes);
  }

  #dropOldest(): void {
    const oldest = this.#row[this.#skip];
    if (oldest !== undefined) this.#bytes -= this.#bytesOf(oldest);
    // The event goes at once; its empty slot waits for the row to be moved.
    delete this.#row[this.#skip];
    this.#skip += 1;
    this.#first += 1;
  }
}
