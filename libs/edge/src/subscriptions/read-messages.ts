/** A piece of a subscription's buffer as messages, from one position to the next. */
import { isEndOfTurn, sentinelOf, TURN_PAUSE_MS } from "@ams/client";
import type { EventBuffer, Heard, Position } from "./buffer.ts";
import { type Entry, foldMessages, type MessageKind, type Presence } from "./messages.ts";
import type { Speakers } from "./speakers.ts";

/** What wakes a call that waits: the first message that has ended, or the first piece of one. */
export type Until = "message" | "anything";

export type MessageOptions = {
  readonly until: Until;
  readonly charactersMax: number;
  readonly kinds: ReadonlySet<MessageKind>;
};

export type MessagesRead = {
  readonly entries: readonly Entry[];
  readonly presence: readonly Presence[];
  readonly after: Position;
  readonly truncated: boolean;
  readonly dropped: number;
  /** Whether there is what a waiting call waits for. */
  readonly isAwaited: boolean;
  readonly isEmpty: boolean;
  /** Milliseconds until a pause may end one of its messages. */
  readonly againMs: number;
};

export type Source = { readonly buffer: EventBuffer; readonly speakers: Speakers };

/** Changes nothing. */
export function readMessages(
  { buffer, speakers }: Source,
  position: Position,
  { until, charactersMax, kinds }: MessageOptions,
  now: number,
): MessagesRead {
  const { truncated, dropped, from, events } = buffer.read(position, Number.POSITIVE_INFINITY);
  const fold = foldMessages(events, {
    ...{ charactersMax, kinds },
    skip: from === position.next ? (position.skip ?? 0) : 0,
    wasOpen: (streamId, ts) => wasOpen(buffer, speakers, from, streamId, ts),
    endsTurns: (streamId) => speakers.endsTurns(streamId),
    isPaused: (streamId) => speakers.pauseLeftMs(streamId, now) === 0,
  });
  const loss = { kind: "truncated", dropped: position.unsure ? null : dropped } as const;
  const isShown = truncated && kinds.has("gap");
  const entries: readonly Entry[] = isShown
    ? [{ ...loss, streamName: null }, ...fold.entries]
    : fold.entries;
  const { presence, count, skip, full } = fold;
  const isWanted = (one: Entry) => until === "anything" || one.kind !== "message" || one.done;
  const wakesByPresence = !kinds.has("message") && !kinds.has("gap");
  return {
    ...{ entries, presence, dropped },
    after: { next: from + count, unsure: false, ...(skip === 0 ? {} : { skip }) },
    truncated: truncated || events.slice(0, count).some(isAway),
    // A long message is given in parts, before its beginning is dropped to make space for its end.
    isAwaited:
      full ||
      entries.some(isWanted) ||
      (wakesByPresence && presence.length > 0) ||
      (entries.length > 0 && buffer.isHalfFull(position)),
    isEmpty: entries.length === 0 && presence.length === 0,
    againMs: pauseMs(entries, speakers, now),
  };
}

/** How many messages that have ended are left to read from there. */
export function countFinished(from: Source, position: Position, now: number): number {
  const kinds = new Set(["message"] as const);
  const charactersMax = Number.POSITIVE_INFINITY;
  const { entries } = readMessages(from, position, { until: "message", charactersMax, kinds }, now);
  return entries.filter((one) => one.kind === "message" && one.done).length;
}

function isAway(event: Heard): boolean {
  return event.kind === "gap" && event.reason === "away";
}

function pauseMs(entries: readonly Entry[], speakers: Speakers, now: number): number {
  const open = entries.flatMap((one) => (one.kind === "message" && !one.done ? [one] : []));
  const left = open
    .filter(({ streamId }) => !speakers.endsTurns(streamId))
    .map(({ streamId }) => speakers.pauseLeftMs(streamId, now));
  return Math.min(Number.POSITIVE_INFINITY, ...left);
}

/**
 * Whether a stream was within a turn there: its last event before was text, and not long before.
 */
function wasOpen(
  buffer: EventBuffer,
  speakers: Speakers,
  from: number,
  streamId: string,
  ts: string,
): boolean {
  const isOf = (event: Heard) =>
    "streamId" in event && event.streamId === streamId && isTurnPart(event);
  const before = buffer.lastBefore(from, isOf);
  if (before === null || before.kind !== "token" || isEnd(before)) return false;
  const silentMs = Date.parse(ts) - Date.parse(before.ts);
  return speakers.endsTurns(streamId) || silentMs < TURN_PAUSE_MS;
}

function isTurnPart(event: Heard): boolean {
  return event.kind === "token" || isEnd(event);
}

function isEnd(event: Heard): boolean {
  if (event.kind === "token") return sentinelOf(event.data) !== null;
  if (event.kind === "stream_metadata") return isEndOfTurn(event.metadata);
  return event.kind === "stream_left";
}
