/**
 * `POST {link}/streams/{name}`: one message. The feed joins under that name, sends, and stays for a
 * while, so that the next message comes from the same epoch.
 */
import { createHash } from "node:crypto";
import { type Connection, inspect, join, splitText } from "@ams/client";
import { LRUCache } from "lru-cache";
import { Refusal } from "./problem.ts";

/** Milliseconds for which a name is held after the last message. */
const HELD_MS = 60_000;

/** Names that are held at a time. */
const WRITERS_MAX = 1_000;

/** Bytes of one message. */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** Milliseconds for which the answer to a key is given again, and how many are remembered. */
const KEY_MS = 86_400_000;
const KEYS_MAX = 100_000;

export type Message = {
  readonly link: string;
  readonly conversationId: string;
  readonly streamName: string;
  /** Null for a guest. */
  readonly credential: string | null;
  readonly text: string;
  /** Null without `Idempotency-Key`. */
  readonly key: string | null;
};

export type Sent = { readonly stream_id: string; readonly seqs: readonly string[] };

type Writer = {
  readonly connection: Promise<Connection>;
  /** Messages go out one after the other. */
  last: Promise<unknown>;
  timer: NodeJS.Timeout;
};

export class Writing {
  readonly #writers = new Map<string, Writer>();
  readonly #answers = new LRUCache<string, Promise<Sent>>({ max: KEYS_MAX, ttl: KEY_MS });

  /** Sends it once the broker has it; the same key in the same place sends nothing again. */
  send(message: Message): Promise<Sent> {
    if (message.key === null) return this.#send(message);
    const key = hashOf([placeOf(message), message.text, message.key]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const sent = this.#send(message);
    this.#answers.set(key, sent);
    // What failed may be tried again.
    sent.catch(() => this.#answers.delete(key));
    return sent;
  }

  async close(): Promise<void> {
    const all = [...this.#writers.values()];
    this.#writers.clear();
    for (const { timer } of all) clearTimeout(timer);
    await Promise.all(
      all.map(({ connection }) =>
        connection.then(
          (one) => one.close(),
          () => {},
        ),
      ),
    );
  }

  async #send(message: Message): Promise<Sent> {
    const writer = await this.#writerOf(message);
    const sending = writer.last.then(() => this.#say(writer, message));
    writer.last = sending.catch(() => undefined);
    const sent = await sending;
    writer.timer.refresh();
    return sent;
  }

  async #say(writer: Writer, { text }: Message): Promise<Sent> {
    const connection = await writer.connection;
    const tokens = [...splitText(text)];
    const receipts = await Promise.all(tokens.map((token) => connection.send(token)));
    const end = await connection.endTurn();
    const seqs = [...receipts, end].flatMap((receipt) => receipt?.seq ?? []);
    return { stream_id: connection.streamId, seqs };
  }

  async #writerOf(message: Message): Promise<Writer> {
    const place = placeOf(message);
    const known = this.#writers.get(place);
    if (known !== undefined) return known;
    if (this.#writers.size >= WRITERS_MAX) throw new Refusal("too_many_conversations");
    const { streams } = await inspect(message.link);
    const joined = this.#writers.get(place);
    if (joined !== undefined) return joined;
    // Joining would take it over from whoever has it.
    if (streams.some(({ streamName }) => streamName === message.streamName))
      throw new Refusal("stream_live");
    return this.#join(place, message);
  }

  #join(place: string, { link, streamName, credential }: Message): Writer {
    const connection = join(link, {
      ...(credential === null ? { guest: true } : { credential }),
      streamName,
      receipts: true,
      reconnectForMs: 10_000,
    });
    const forget = () => {
      this.#writers.delete(place);
      connection.then(
        (one) => one.close(),
        () => undefined,
      );
    };
    const timer = setTimeout(forget, HELD_MS).unref();
    const writer: Writer = { connection, last: connection.catch(() => undefined), timer };
    this.#writers.set(place, writer);
    const lost = () => {
      clearTimeout(timer);
      if (this.#writers.get(place) === writer) this.#writers.delete(place);
    };
    connection.then((one) => one.closed.then(lost), lost);
    return writer;
  }
}

/** Who writes where: the same place is the same stream. */
function placeOf({ conversationId, streamName, credential, link }: Message): string {
  return hashOf([conversationId, streamName, credential === null ? `guest ${link}` : credential]);
}

function hashOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
