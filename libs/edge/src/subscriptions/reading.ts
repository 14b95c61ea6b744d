/**
 * A piece of a seat's buffer as its readers get it: each event with the cursor behind it, and a
 * loss told at its place.
 */
import type { EventBuffer, Place } from "./buffer.ts";
import type { SeatEvent } from "./events.ts";
import type { Places } from "./places.ts";

export type Readable = {
  readonly conversationId: string;
  readonly buffer: EventBuffer;
  readonly places: Places;
};

export type Read = {
  readonly events: readonly SeatEvent[];
  /** Where to go on. */
  readonly after: Place;
  readonly truncated: boolean;
  readonly dropped: number;
};

/** `eventsMax` doesn't count a `truncated`. Changes nothing. */
export function readFrom(seat: Readable, place: Place, eventsMax: number): Read {
  const { conversationId, buffer, places } = seat;
  const { truncated, dropped, from, events } = buffer.read(place, eventsMax);
  const cursorAt = (next: number) => places.cursorOf({ next, unsure: false });
  const read: SeatEvent[] = events.map((event, index) => {
    return { ...event, cursor: cursorAt(from + index + 1) };
  });
  if (truncated) {
    const count = place.unsure ? null : dropped;
    read.unshift({ kind: "truncated", conversationId, dropped: count, cursor: cursorAt(from) });
  }
  return {
    events: read,
    after: { next: from + events.length, unsure: false },
    truncated: truncated || events.some((event) => event.kind === "gap" && event.reason === "away"),
    dropped,
  };
}
