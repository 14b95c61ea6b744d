/** The conversations that this process reads, and the links by which its readers come. */
import { AmsError, inspect } from "@ams/client";
import { LRUCache } from "lru-cache";
import type { FeedConfig } from "./config.ts";
import { Conversation } from "./conversation.ts";
import { Refusal } from "./problem.ts";

/** Milliseconds for which an answer about a link holds: readers are checked again every second. */
const CHECKED_MS = 1_000;
const CHECKS_MAX = 10_000;

/** Milliseconds without a reader after which a conversation is left. */
const IDLE_MS = 60_000;
const SWEEP_MS = 5_000;

/** A link that admits, at this moment. */
export type Checked = { readonly link: string; readonly conversationId: string };

export class Conversations {
  readonly config: FeedConfig;
  readonly #open = new Map<string, Conversation>();
  readonly #checks = new LRUCache<string, Promise<Checked>>({ max: CHECKS_MAX, ttl: CHECKED_MS });
  readonly #timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();

  constructor(config: FeedConfig) {
    this.config = config;
  }

  /** Rejects unless the link admits, to a conversation that keeps something. */
  check(link: string): Promise<Checked> {
    const known = this.#checks.get(link);
    if (known !== undefined) return known;
    const checked = this.#ask(link);
    this.#checks.set(link, checked);
    // A deployment that can't be reached is asked again at once.
    checked.catch((error: unknown) => {
      if (!(error instanceof AmsError) || error.code === "unreachable") this.#checks.delete(link);
    });
    return checked;
  }

  /** The conversation of a link that was checked. */
  of({ conversationId }: Checked): Conversation {
    const known = this.#open.get(conversationId);
    if (known !== undefined) return known;
    if (this.#open.size >= this.config.AMS_FEED_CONVERSATIONS_MAX)
      throw new Refusal("too_many_conversations");
    const conversation = new Conversation(this.config.AMS_FEED_WINDOW_BYTES);
    this.#open.set(conversationId, conversation);
    return conversation;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map((one) => one.close()));
  }

  /** Rejects unless the link admits, whatever the conversation keeps. */
  async admit(link: string): Promise<Checked> {
    const { conversationId } = await inspect(link);
    return { link, conversationId };
  }

  async #ask(link: string): Promise<Checked> {
    const { conversationId, replay } = await inspect(link);
    if (replay === null) throw new Refusal("no_replay");
    return { link, conversationId };
  }

  #sweep(): void {
    for (const [id, conversation] of this.#open) {
      if (performance.now() - conversation.usedMs < IDLE_MS) continue;
      this.#open.delete(id);
      conversation.close().catch(() => undefined);
    }
  }
}
