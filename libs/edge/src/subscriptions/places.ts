/** The places of one seat: where its reading stands, and each place as a cursor and back. */
import { randomBytes } from "node:crypto";
import { type Place, START } from "./buffer.ts";
import { formatCursor, parseCursor, tagOf } from "./cursor.ts";

/** Bytes of an incarnation: enough that two processes don't begin with the same. */
const INCARNATION_BYTES = 6;
/**
 * Cursors of seats that are gone, remembered so that asking again gives the same: callers come with
 * the last one or two.
 */
const FOREIGN_MAX = 16;

export class Places {
  /** Where the next `recv` without a cursor begins. */
  at: Place = START;
  readonly #streamName: string;
  readonly #tag: string;
  readonly #incarnation = randomBytes(INCARNATION_BYTES).toString("base64url");
  readonly #foreign = new Map<string, Place>();

  constructor(seatKey: string, streamName: string) {
    this.#streamName = streamName;
    this.#tag = tagOf(seatKey);
  }

  /**
   * Something may be lost before the next `recv`: the stream was live before this process had the
   * seat. A takeover shows that. A stream whose process died and that the broker has seen leave
   * looks like a new one (the epoch counts all claims of the conversation): then only a cursor
   * shows it, or that it is asked for by name as if it were there.
   */
  doubt(): void {
    this.at = { ...this.at, unsure: true };
  }

  cursorOf(place: Place): string {
    const [streamName, tag, incarnation] = [this.#streamName, this.#tag, this.#incarnation];
    return formatCursor({ streamName, tag, incarnation, place, replay: null });
  }

  /**
   * Null when this seat never gave such a cursor, in this process or another. `end` is the number
   * of the next event.
   */
  placeOf(text: string, end: number): Place | null {
    const cursor = parseCursor(text);
    if (cursor === null || cursor.tag !== this.#tag) return null;
    if (cursor.incarnation !== this.#incarnation) return this.#foreignPlace(text);
    return cursor.place.next <= end ? cursor.place : null;
  }

  /**
   * A cursor of this seat in another life: what was read here goes on, and what lies in between is
   * lost.
   */
  #foreignPlace(text: string): Place {
    const place = this.#foreign.get(text) ?? { next: this.at.next, unsure: true };
    const oldest = this.#foreign.keys().next();
    if (this.#foreign.size >= FOREIGN_MAX && !oldest.done) this.#foreign.delete(oldest.value);
    this.#foreign.set(text, place);
    return place;
  }
}
