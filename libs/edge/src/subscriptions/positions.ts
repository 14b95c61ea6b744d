/**
 * The positions of one subscription: where its reading is, and each position as a cursor and back.
 */
import { randomBytes } from "node:crypto";
import { type Position, START } from "./buffer.ts";
import { formatCursor, parseCursor, tagOf } from "./cursor.ts";
import type { LogPosition } from "./log-position.ts";

/** Bytes of an incarnation: enough that two processes don't begin with the same. */
const INCARNATION_BYTES = 6;
/**
 * Cursors of subscriptions that are gone, remembered so that asking again gives the same: callers
 * come with the last one or two.
 */
const FOREIGN_MAX = 16;

export class Positions {
  /** Where the next `recv` without a cursor begins. */
  at: Position = START;
  readonly #streamName: string;
  readonly #tag: string;
  readonly #incarnation = randomBytes(INCARNATION_BYTES).toString("base64url");
  readonly #foreign = new Map<string, Position>();
  readonly #logAt: (next: number) => LogPosition | null;

  /** `logAt` says where in the log reading is that has read all events below a number. */
  constructor(
    subscriptionKey: string,
    streamName: string,
    logAt: (next: number) => LogPosition | null,
  ) {
    this.#streamName = streamName;
    this.#tag = tagOf(subscriptionKey);
    this.#logAt = logAt;
  }

  /**
   * Something may be lost before the next `recv`: the stream was live before this process had the
   * subscription. A takeover shows that. A stream whose process died and that the broker has seen
   * leave looks like a new one (the epoch counts all claims of the conversation): then only a
   * cursor shows it, or that it is asked for by name as if it were there.
   */
  doubt(): void {
    this.at = { ...this.at, unsure: true };
  }

  cursorOf(position: Position): string {
    const [streamName, tag, incarnation] = [this.#streamName, this.#tag, this.#incarnation];
    const log = this.#logAt(position.next);
    return formatCursor({ streamName, tag, incarnation, position, log });
  }

  /**
   * Null when this subscription never gave such a cursor, in this process or another. `end` is the
   * number of the next event.
   */
  positionOf(text: string, end: number): Position | null {
    const cursor = parseCursor(text);
    if (cursor === null || cursor.tag !== this.#tag) return null;
    if (cursor.incarnation !== this.#incarnation) return this.#foreignPosition(text);
    return cursor.position.next <= end ? cursor.position : null;
  }

  /** Where in the log a cursor of another process is; null for one of here, or without a log. */
  logOf(text: string): LogPosition | null {
    const cursor = parseCursor(text);
    const isForeign = cursor?.tag === this.#tag && cursor.incarnation !== this.#incarnation;
    return isForeign ? cursor.log : null;
  }

  /** What comes after a cursor of another process is in the buffer, from its beginning. */
  replayedFrom(text: string): void {
    const cursor = parseCursor(text);
    if (cursor !== null) this.#keepForeign(text, { ...cursor.position, next: START.next });
  }

  /**
   * A cursor of this subscription of another process: what was read here goes on, and what lies in
   * between is lost.
   */
  #foreignPosition(text: string): Position {
    return this.#keepForeign(text, this.#foreign.get(text) ?? { next: this.at.next, unsure: true });
  }

  #keepForeign(text: string, position: Position): Position {
    const oldest = this.#foreign.keys().next();
    if (this.#foreign.size >= FOREIGN_MAX && !oldest.done) this.#foreign.delete(oldest.value);
    this.#foreign.set(text, position);
    return position;
  }
}
