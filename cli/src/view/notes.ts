/** What happens in a conversation beside its tokens, as one sentence each for people. */
import { type AmsEvent, isEndOfTurn } from "@ams/client";
import { harmless } from "../terminal/harmless.ts";

/**
 * The sentence of an event; null for those of which people are informed otherwise, or not at all.
 */
export function noteOf(event: AmsEvent): string | null {
  switch (event.type) {
    case "token":
    case "replayed":
    case "cursor":
    case "stream_ended":
    case "roster":
    case "closed":
      return null;
    case "joined":
      return event.reconnected
        ? "back again"
        : `you are ${harmless(event.streamName)}; ${presence(event.peers)}`;
    case "stream_joined":
      return `${harmless(event.streamName)} joined`;
    case "stream_left":
      return `${harmless(event.streamName)} left`;
    case "stream_metadata":
      // The end of a turn shows as the end of a line.
      return isEndOfTurn(event.metadata)
        ? null
        : `${harmless(event.streamName)} set its metadata to ${harmless(JSON.stringify(event.metadata))}`;
    case "live":
      return event.complete
        ? "that was kept; now live"
        : "that was kept, and more is no longer; now live";
    case "gap":
      return `${howMany(event.missing)} of ${whose(event.streamName)} lost (${harmless(event.reason)})`;
    case "reconnecting":
      return `the connection broke; try ${event.attempt} to come back in ${seconds(event.delayMs)}`;
    case "notice":
      return `${event.level === "info" ? "notice" : event.level}: ${harmless(event.text)}`;
    case "draining":
      return `this gateway goes away; moving to another in ${seconds(event.reconnectAfterMs)}`;
  }
}

function presence(peers: readonly { readonly streamName: string }[]): string {
  if (peers.length === 0) return "nobody else is here yet";
  const names = peers.map(({ streamName }) => harmless(streamName)).sort();
  return `here: ${names.join(", ")}`;
}

function howMany(missing: number | null): string {
  if (missing === null) return "some tokens";
  return missing === 1 ? "1 token" : `${missing} tokens`;
}

function whose(streamName: string | null): string {
  return streamName === null ? "the streams may be" : `${harmless(streamName)} may be`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
