/**
 * The conventions of docs/CONVENTIONS.md, in the one place where every reader and writer has them:
 * how a turn ends, and what a participant is called. AMS itself knows none
 * of them: it carries a sentinel as any other token.
 */
import type { AmsEvent, Metadata } from "./events.ts";

/** The key of a sentinel, and of the stream metadata by which older writers end a turn. */
export const CONVENTION = "ams.convention.v1";
export const END_OF_TURN = "end_of_turn";
export const END_OF_CONVERSATION = "end_of_conversation";

export type Sentinel = typeof END_OF_TURN | typeof END_OF_CONVERSATION;

/** The data of the token that ends a turn. */
export const END_OF_TURN_DATA = sentinelData(END_OF_TURN);
/** The data of the token that ends a turn and says that its writer is done for good. */
export const END_OF_CONVERSATION_DATA = sentinelData(END_OF_CONVERSATION);

/**
 * Milliseconds without a token after which a text counts as ended, for display: a model that writes
 * doesn't pause for so long, and a person who reads waits no longer.
 */
export const TURN_PAUSE_MS = 4_000;

/** Characters that are looked at: a sentinel has 41, or 49, and some white space. */
const SENTINEL_CHARACTERS_MAX = 256;
const SENTINEL =
  /^\s*\{\s*"ams\.convention\.v1"\s*:\s*"(end_of_turn|end_of_conversation)"\s*\}\s*$/;

/** Which sentinel a token is; null for text. White space between its parts doesn't matter. */
export function sentinelOf(data: string): Sentinel | null {
  if (data.length > SENTINEL_CHARACTERS_MAX || !data.includes(CONVENTION)) return null;
  const word = SENTINEL.exec(data)?.[1];
  return word === END_OF_TURN || word === END_OF_CONVERSATION ? word : null;
}

/** Whether new stream metadata end a turn: what older writers do. */
export function isEndOfTurn(metadata: Metadata): boolean {
  const value = metadata[CONVENTION];
  return value === END_OF_TURN || value === END_OF_CONVERSATION;
}

/**
 * How an event ends the turn of its stream, null when it doesn't: by a sentinel (whose data is no
 * text, and is never shown), by metadata, or because the stream left.
 */
export function turnEndOf(event: AmsEvent): Sentinel | "left" | null {
  switch (event.type) {
    case "token":
      return sentinelOf(event.data);
    case "stream_metadata":
      if (!isEndOfTurn(event.metadata)) return null;
      return event.metadata[CONVENTION] === END_OF_TURN ? END_OF_TURN : END_OF_CONVERSATION;
    case "stream_left":
      return "left";
    default:
      return null;
  }
}

/** What a stream calls itself in its metadata: `display_name`, else `name`; null for neither. */
export function displayNameOf(metadata: Metadata): string | null {
  for (const name of [metadata.display_name, metadata.name]) {
    if (typeof name === "string" && name.trim() !== "") return name;
  }
  return null;
}

function sentinelData(word: Sentinel): string {
  return JSON.stringify({ [CONVENTION]: word });
}
