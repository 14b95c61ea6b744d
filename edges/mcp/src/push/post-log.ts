/**
 * The SDK's store of events, so that its streams have event ids. The push stream's ids are cursors
 * of subscriptions, from whose buffers a client that comes back is served; nothing is stored for
 * it. The answers of POSTs are kept for a while, since an answer that a broken connection swallowed
 * can be had nowhere else.
 */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

/**
 * Answers of a session that are kept: a client comes back for one, or for a few that ran side by
 * side.
 */
const ANSWERS_MAX = 16;

/**
 * Characters of all of them together. A larger answer, of `ams_recv`, can be had again by its
 * cursor.
 */
const ANSWERS_CHARACTERS_MAX = 131_072;

/** What the SDK calls the stream of a session's GET. */
const PUSH_STREAM = "_GET_stream";

/** Before the ids of POST streams; no cursor begins with it. */
const POST_PREFIX = "post.";

type Kept = {
  readonly id: string;
  readonly stream: string;
  readonly message: JSONRPCMessage;
  readonly characters: number;
};

/** Whether a client that names this as the last event it saw wants the rest of a POST's stream. */
export function isPostEvent(id: string): boolean {
  return id.startsWith(POST_PREFIX);
}

export class PostLog implements EventStore {
  #kept: readonly Kept[] = [];
  #last = 0;

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    if (stream === PUSH_STREAM) return cursorOf(message);
    this.#last += 1;
    const id = `${POST_PREFIX}${stream}.${this.#last}`;
    this.#keep({ id, stream, message, characters: JSON.stringify(message).length });
    return id;
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#kept.find((one) => one.id === id)?.stream;
  }

  async replayEventsAfter(
    id: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const seen = this.#kept.findIndex((one) => one.id === id);
    const stream = this.#kept[seen]?.stream ?? "";
    for (const one of this.#kept.slice(seen + 1)) {
      if (one.stream === stream) await send(one.id, one.message);
    }
    return stream;
  }

  #keep(one: Kept): void {
    const all = [...this.#kept, one].slice(-2 * ANSWERS_MAX);
    let characters = 0;
    const fromEnd = all.toReversed().findIndex((kept) => {
      characters += kept.characters;
      return characters > ANSWERS_CHARACTERS_MAX;
    });
    this.#kept = fromEnd === -1 ? all : all.slice(all.length - fromEnd);
  }
}

/** The cursor in a pushed notification; empty where there is none, and then the event has no id. */
function cursorOf(message: JSONRPCMessage): string {
  const cursor = "params" in message ? message.params?.cursor : undefined;
  return typeof cursor === "string" ? cursor : "";
}
