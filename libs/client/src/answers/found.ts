/** What a reader of a conversation finds of requests and answers, token by token. */
import { AmsError, type Connection, sentinelOf } from "@ams/client";

export type Fields = { readonly [key: string]: unknown };
/** What an agent is asked: the members that the asker chose, and an id. */
export type Request = Fields & { readonly id: string };

/** What a reader finds, in order. `live`: everything that was kept has come. */
export type Found =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "line"; readonly id: string; readonly value: Fields }
  | { readonly type: "end"; readonly id: string; readonly isWhole: boolean }
  | { readonly type: "live" };

/** Characters of one request or line; what is longer is passed over, so that memory is bounded. */
const TEXT_CHARACTERS_MAX = 4_194_304;

/**
 * What is asked, and what `agent` (the id or name of a stream) answers, from this call on. Throws
 * what ended the connection, and `tokens_lost` when a part of an answer is lost.
 */
export async function* findAnswers(
  me: Connection,
  agent: string,
): AsyncGenerator<Found, undefined> {
  const texts = new Map<string, string>(); // Of each stream, what its open turn says.
  let id: string | null = null;
  for await (const event of me.events()) {
    if (event.type === "live") yield { type: "live" };
    if (event.type === "gap" && (event.streamName === agent || event.streamId === agent)) {
      throw new AmsError("tokens_lost", "A part of the answer is lost.");
    }
    const isToken = event.type === "token";
    if (!isToken && event.type !== "stream_left" && event.type !== "stream_ended") continue;
    const { streamId, streamName } = event;
    const isAgent = streamName === agent || streamId === agent;
    const text = texts.get(streamId) ?? "";
    if (isToken && sentinelOf(event.data) === null) {
      const lines = isAgent ? `${text}${event.data}`.split("\n") : [text + event.data];
      const rest = lines.pop() ?? "";
      texts.set(streamId, rest.length > TEXT_CHARACTERS_MAX ? "" : rest);
      for (const value of lines.map(read)) {
        if (typeof value?.re === "string") id = value.re;
        else if (value && id !== null) yield { type: "line", id, value };
      }
    } else {
      texts.delete(streamId);
      const request = isAgent || !isToken ? null : read(text);
      if (isRequest(request)) yield { type: "request", request };
      if (isAgent && id !== null) yield { type: "end", id, isWhole: isToken };
      if (isAgent) id = null;
    }
  }
}

const isRequest = (value: Fields | null): value is Request => typeof value?.id === "string";

function read(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
