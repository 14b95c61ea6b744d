/**
 * Where a subscription's reading is in what the conversation keeps (§7), for the same subscription
 * in another process. A connection is given a place in the log about once a second, and has some
 * frames after it already: which, the last seq of each stream says.
 */
import type { EventBuffer, Heard } from "./buffer.ts";

/** The last seq that was read of a stream, by the last characters of its id. */
export type Seen = ReadonlyMap<string, string>;

export type LogPosition = {
  /** As the wire gives it (§7.2): everything before it was received. */
  readonly cursor: string;
  readonly seen: Seen;
};

/** Streams of which the last seq is kept: each costs a cursor about 12 characters. */
export const SEEN_STREAMS_MAX = 6;
/** Of 16^6 ids, so that two of six streams hardly ever have the same. */
const TAG_CHARACTERS = 6;
/** Events before a place in the log that may be after it in the log: other streams' of a moment. */
const OVERLAP_EVENTS = 32;
/** Events that are searched for those seqs. */
const SEARCHED_EVENTS_MAX = 256;
/** Places that are remembered: one a second comes, and only what the buffer holds matters. */
const MARKS_MAX = 1_024;

type Mark = { readonly next: number; readonly cursor: string };

/** The places in the log that a subscription was given, by the events that came before each. */
export class LogMarks {
  #marks: Mark[] = [];

  /** All that comes before `cursor` has a number below `next`. `first` is the oldest event kept. */
  add(next: number, cursor: string, first: number): void {
    if (this.#marks.at(-1)?.next === next) this.#marks.pop();
    this.#marks.push({ next, cursor });
    const isNeeded = (mark: Mark, index: number) =>
      mark.next >= first || (this.#marks[index + 1]?.next ?? first) > first;
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.filter(isNeeded).slice(1);
  }

  /** Where reading is that has read all events below `next`; null where the log isn't known. */
  at(next: number, buffer: EventBuffer): LogPosition | null {
    const mark = this.#marks.findLast((one) => one.next <= next);
    if (mark === undefined) return null;
    const from = Math.max(mark.next - OVERLAP_EVENTS, next - SEARCHED_EVENTS_MAX, buffer.first);
    const { events } = buffer.read({ next: from, unsure: false }, Math.max(0, next - from));
    return { cursor: mark.cursor, seen: lastSeqs(events) };
  }
}

/** Whether an event that is replayed was read before the place from which it is replayed. */
export function wasSeen(event: Heard, seen: Seen): boolean {
  if (event.kind !== "token" && event.kind !== "stream_metadata") return false;
  const last = seen.get(tagOf(event.streamId));
  return last !== undefined && !isAfter(event.seq, last);
}

function lastSeqs(events: readonly Heard[]): Seen {
  const seen = new Map<string, string>();
  for (let at = events.length - 1; at >= 0 && seen.size < SEEN_STREAMS_MAX; at -= 1) {
    const event = events[at];
    if (event?.kind !== "token" && event?.kind !== "stream_metadata") continue;
    const tag = tagOf(event.streamId);
    if (!seen.has(tag)) seen.set(tag, event.seq);
  }
  return seen;
}

function tagOf(streamId: string): string {
  return streamId.slice(-TAG_CHARACTERS);
}

/** `<epoch>-<n>`, by both numbers. */
function isAfter(seq: string, other: string): boolean {
  const [epoch = 0, n = 0] = seq.split("-").map(Number);
  const [otherEpoch = 0, otherN = 0] = other.split("-").map(Number);
  return epoch === otherEpoch ? n > otherN : epoch > otherEpoch;
}
