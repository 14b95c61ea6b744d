/** Where the last messages begin: for who comes late and wants to know what was said. */
import { isEndOfTurn, sentinelOf, TURN_PAUSE_MS } from "@ams/client";
import type { Heard } from "./buffer.ts";

/**
 * The index of the event at which the last `count` messages begin; 0 where there are fewer. Turns
 * end as docs/CONVENTIONS.md says.
 */
export function lastMessages(events: readonly Heard[], count: number): number {
  const begins: number[] = [];
  const saidAtMs = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    if (event.kind === "gap" || event.kind === "stream_joined") continue;
    if (!isText(event)) {
      if (endsTurn(event)) saidAtMs.delete(event.streamId);
      continue;
    }
    const ms = Date.parse(event.ts);
    const before = saidAtMs.get(event.streamId);
    if (before === undefined || ms - before >= TURN_PAUSE_MS) begins.push(index);
    saidAtMs.set(event.streamId, ms);
  }
  return begins.at(-count) ?? 0;
}

function isText(event: Heard): boolean {
  return event.kind === "token" && sentinelOf(event.data) === null;
}

function endsTurn(event: Heard): boolean {
  return event.kind !== "stream_metadata" || isEndOfTurn(event.metadata);
}
