/**
 * `POST {link}/streams/{name}`: one message. The feed joins under that name, sends, and stays for a
 * while, so that the next message comes from the same epoch.
 */
import { createHash } from "node:crypto";
import { type Connection, inspect, join, splitText } from "@ams/client";
import type { Answers, Sent } from "./answers/answers.ts";
import { memoryAnswers } from "./answers/embedded-answers.ts";
import { Refusal } from "./problem.ts";

/** Milliseconds for which a name is held after the last message. */
const HELD_MS = 60_000;

/** Names that are held at a time. */
const WRITERS_MAX = 1_000;

/** Bytes of one message. */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** Milliseconds for which a message waits while another request sends it, and between two looks. */
const PENDING_MS = 15_000;
const LOOK_MS = 100;

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

type Writer = {
  readonly connection: Promise<Connection>;
  /** Messages go out one after the other. */
  last: Promise<unknown>;
  timer: NodeJS.Timeout;
};

export class Writing {
  readonly #writers = new Map<string, Writer>();
  #answers: Answers = memoryAnswers();

  /** Keeps answers there from now on. */
  remember(answers: Answers): void {
    this.#answers = answers;
  }

  /** Sends it once the broker has it; the same key in the same place sends nothing again. */
  async send(message: Message): Promise<Sent> {
    if (message.key === null) return await this.#send(message);
    const key = hashOf([placeOf(message), message.text, message.key]);
    const known = await this.#claim(key);
    if (known !== null) return known;
    let sent: Sent;
    try {
      sent = await this.#send(message);
    } catch (error) {
      // What failed may be tried again.
      await this.#answers.release(key).catch(() => undefined);
      throw error;
    }
    await this.#answers.keep(key, sent);
    return sent;
  }

  /** The answer that was given, or null when the caller is to send. */
  async #claim(key: string): Promise<Sent | null> {
    for (let waitedMs = 0; waitedMs < PENDING_MS; waitedMs += LOOK_MS) {
      const claim = await this.#answers.claim(key);
      if (claim.kind === "claimed") return null;
      if (claim.kind === "answered") return claim.sent;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Refusal("unavailable");
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
