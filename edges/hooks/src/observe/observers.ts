/**
 * Reads the conversations that opted in to messages, each as one subscriber `hooks-…` that only
 * reads. Of several processes one reads a conversation; when it ends, another one takes over.
 */
import { createHash, randomUUID } from "node:crypto";
import { AmsError, type Connection, join } from "@ams/client";
import { describeError, type Log } from "@ams/process";
import type { Control, WaitingEvent } from "../control.ts";
import type { Event } from "../intake.ts";
import { JOINING_MAX, OBSERVED_MAX } from "../limits.ts";
import type { Store } from "../store/store.ts";
import { type Turn, Turns } from "./turns.ts";

/** Milliseconds between two looks at what is to be read. */
const LOOK_MS = 5_000;
/** Milliseconds for which a process has a conversation: it says so again at each look. */
const HELD_MS = 20_000;
/** Milliseconds for which a connection that broke tries to come back by itself. */
const RECONNECT_MS = 60_000;
const SET = "observed";
/** Ends of a connection after which nobody wants this conversation read. */
const OVER = new Set(["conversation_not_found", "conversation_closed"]);

type Target = {
  readonly account_id: string;
  readonly namespace: string;
  readonly alias: string;
  readonly observer: string;
};

export type ObserverParts = {
  readonly control: Control;
  readonly store: Store;
  readonly log: Log;
  readonly now: () => number;
  readonly url: () => string;
  readonly add: (event: Event) => Promise<void>;
};

export class Observers {
  readonly #parts: ObserverParts;
  readonly #holder = randomUUID();
  readonly #connections = new Map<string, Connection | null>();
  #joining = 0;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#connections.size;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all([...this.#connections.values()].map((one) => one?.close()));
  }

  /** An event names its conversation's observer, or says that the conversation is gone. */
  async take({ account_id, namespace, type, data, observer }: WaitingEvent): Promise<void> {
    const { alias } = data;
    if (account_id === null || namespace === null || typeof alias !== "string") return;
    const name = typeof data.observer === "string" ? data.observer : observer;
    const key = `${namespace}/${alias}`;
    if (type === "conversation.closed" || name === null) return this.#forget(key);
    const target: Target = { account_id, namespace, alias, observer: name };
    await this.#parts.store.setMember(SET, key, JSON.stringify(target));
    this.#begin(key, target);
  }

  async #look(): Promise<void> {
    try {
      for (const [key, value] of await this.#parts.store.members(SET)) {
        this.#begin(key, JSON.parse(value));
      }
    } catch (error) {
      const fields = { event: "observe_failed", ...describeError(error) };
      this.#parts.log.warn(fields, "conversations can't be read");
    }
    if (!this.#isStopped) this.start();
  }

  /** Nobody waits for it: a conversation that can't be joined delays no other event. */
  #begin(key: string, target: Target): void {
    if (this.#joining >= JOINING_MAX) return; // The next look comes back to it.
    this.#joining += 1;
    this.#read(key, target)
      .catch((error: unknown) => {
        const fields = { event: "observe_failed", ...describeError(error) };
        this.#parts.log.warn(fields, "a conversation can't be read");
      })
      .finally(() => {
        this.#joining -= 1;
      });
  }

  /** Joins, unless somebody has it already. */
  async #read(key: string, target: Target): Promise<void> {
    const { store } = this.#parts;
    if (this.#isStopped || !(await store.lease(`held ${key}`, this.#holder, HELD_MS))) return;
    if (this.#connections.has(key) || this.#connections.size >= OBSERVED_MAX) return;
    this.#connections.set(key, null);
    try {
      await this.#join(key, target);
    } catch (error) {
      this.#connections.delete(key);
      if (error instanceof AmsError && OVER.has(error.code)) await this.#forget(key);
      const code = error instanceof AmsError ? error.code : "failed";
      this.#parts.log.warn({ event: "observe_failed", code }, "a conversation can't be read");
    }
  }

  async #join(key: string, target: Target): Promise<void> {
    const { control, url, log } = this.#parts;
    const { namespace, alias, observer } = target;
    const token = await control.link({ namespace, alias, observer });
    if (token === null) {
      this.#connections.delete(key);
      return this.#forget(key); // It opted out, or is gone.
    }
    const link = `${url()}/${namespace}/conversations/${alias}?t=${token}`;
    const turns = new Turns((turn) => {
      this.#ended(connection.conversationId, target, turn).catch((error: unknown) => {
        log.warn({ event: "message_lost", ...describeError(error) }, "a message was not queued");
      });
    });
    const options = { guest: true, streamName: observer, reconnectForMs: RECONNECT_MS } as const;
    const connection = await join(link, options);
    this.#connections.set(key, connection);
    void (async () => {
      for await (const event of connection.events()) turns.take(event);
    })().catch(() => undefined);
    void connection.closed.then(() => {
      turns.close();
      this.#connections.delete(key);
    });
  }

  async #ended(conversationId: string, target: Target, turn: Turn): Promise<void> {
    const { account_id, namespace, alias } = target;
    const { streamId, streamName, ownerAccountId, seq, ts, text, truncated } = turn;
    const named = createHash("sha256").update(`${conversationId}\n${streamId}\n${seq}`);
    await this.#parts.add({
      account_id,
      message_id: `evt_${named.digest("base64url").slice(0, 27)}`,
      type: "message",
      at_ms: Date.parse(ts),
      data: {
        namespace,
        conversation_id: conversationId,
        alias,
        stream_id: streamId,
        stream_name: streamName,
        owner_account_id: ownerAccountId,
        text,
        truncated,
      },
    });
  }

  async #forget(key: string): Promise<void> {
    await this.#parts.store.setMember(SET, key, null);
    const connection = this.#connections.get(key);
    this.#connections.delete(key);
    await connection?.close();
  }
}
