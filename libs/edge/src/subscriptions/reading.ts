/**
 * A piece of a subscription's buffer as its readers get it: each event with the cursor after it,
 * and a loss reported at its position.
 */
import type { EventBuffer, Position } from "./buffer.ts";
import type { SubscriptionEvent } from "./events.ts";
import type { Positions } from "./positions.ts";

export type Readable = {
  readonly conversationId: string;
  readonly buffer: EventBuffer;
  readonly positions: Positions;
};

export type Read = {
  readonly events: readonly SubscriptionEvent[];
  /** Where to go on. */
  readonly after: Position;
  readonly truncated: boolean;
  readonly dropped: number;
};

/** `eventsMax` doesn't count a `truncated`. Changes nothing. */
export function readFrom(subscription: Readable, position: Position, eventsMax: number): Read {
  const { conversationId, buffer, positions } = subscription;
  const { truncated, dropped, from, events } = buffer.read(position, eventsMax);
  const cursorAt = (next: number) => positions.cursorOf({ next, unsure: false });
  const read: SubscriptionEvent[] = events.map((event, index) => {
    return { ...event, cursor: cursorAt(from + index + 1) };
  });
  if (truncated) {
    const count = position.unsure ? null : dropped;
    read.unshift({ kind: "truncated", conversationId, dropped: count, cursor: cursorAt(from) });
  }
  return {
    events: read,
    after: { next: from + events.length, unsure: false },
    truncated: truncated || events.some((event) => event.kind === "gap" && event.reason === "away"),
    dropped,
  };
}
