/** A reader's way through a conversation: pages behind a cursor, and the wait for the next one. */
import { type Conversation, endOf } from "./conversation.ts";
import type { Checked, Conversations } from "./conversations.ts";
import { Refusal } from "./problem.ts";
import type { Entry, Window } from "./window.ts";

const CURSOR = /^[0-9A-Za-z_-]{1,64}$/;

/** Characters of a cursor that all of a conversation begin with. */
const TAG_CHARACTERS = 10;

/** Characters of frames in one page. */
const PAGE_CHARACTERS_MAX = 1_048_576;

/** Times that a page looks before the window and finds nothing, while the window moves on. */
const EMPTY_MAX = 8;

/** Milliseconds that this process is given to come up with another one. */
const BEHIND_MS = 300;

/** Milliseconds after which a reader's link is asked for again. */
const CHECK_MS = 1_000;

export type Page = { readonly entries: readonly Entry[]; readonly cursor: string };

export class Reading {
  readonly #conversations: Conversations;
  readonly #signal: AbortSignal;
  #checked: Checked;
  #window: Window;
  #conversation: Conversation;
  cursor: string;

  private constructor(
    conversations: Conversations,
    checked: Checked,
    window: Window,
    since: string | null,
    signal: AbortSignal,
  ) {
    this.#conversations = conversations;
    this.#checked = checked;
    this.#window = window;
    this.#conversation = conversations.of(checked);
    this.#signal = signal;
    this.cursor = placeOf(since, window);
  }

  /** `since`: a cursor, `now`, or null or `-1` for all that is kept. */
  static async begin(
    conversations: Conversations,
    link: string,
    since: string | null,
    signal: AbortSignal,
  ): Promise<Reading> {
    const checked = await conversations.check(link);
    const window = await conversations.of(checked).open(link);
    if (since !== null && isCursor(since, window)) await reach(since, window, link, signal);
    return new Reading(conversations, checked, window, since, signal);
  }

  get window(): Window {
    return this.#window;
  }

  /** Whether everything that is kept has been read. */
  get isLive(): boolean {
    return this.cursor >= this.#window.start && !this.#window.hasAfter(this.cursor);
  }

  /** Whether the log shows, or for long the roster, that this epoch of a stream is over. */
  hasEnded(streamName: string, epoch: number): boolean {
    return this.#window.hasEnded(streamName, epoch) || this.#conversation.isGone(streamName);
  }

  /** The next frames, none when there are none yet. */
  async page(limit: number): Promise<readonly Entry[]> {
    for (let empty = 0; empty < EMPTY_MAX && this.cursor < this.#window.start; empty += 1) {
      const { link } = this.#checked;
      const { older } = this.#conversation;
      const { start } = this.#window;
      const page = await older.after(link, this.cursor, start, limit, PAGE_CHARACTERS_MAX);
      this.cursor = page.to;
      if (page.entries.length > 0) return page.entries;
    }
    if (this.cursor < this.#window.start) throw new Refusal("unavailable");
    const entries = this.#window.after(this.cursor, limit, PAGE_CHARACTERS_MAX);
    this.cursor = entries.at(-1)?.cursor ?? this.cursor;
    return entries;
  }

  /** Waits for more, at most so long; rejects when the link has ended. */
  async wait(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (this.isLive && !this.#signal.aborted && performance.now() < untilMs) {
      await this.#window.next(Math.min(CHECK_MS, untilMs - performance.now()), this.#signal);
      await this.recheck();
    }
  }

  async recheck(): Promise<void> {
    this.#checked = await this.#conversations.check(this.#checked.link);
    this.#conversation = this.#conversations.of(this.#checked);
    this.#window = await this.#conversation.open(this.#checked.link);
  }
}

/**
 * Another process of the feed may be ahead of this one: a cursor of it is no cursor of the future,
 * and what is before it isn't served again.
 */
async function reach(since: string, window: Window, link: string, signal: AbortSignal) {
  const untilMs = performance.now() + BEHIND_MS;
  while (since > window.reached && performance.now() < untilMs && !signal.aborted)
    await window.next(untilMs - performance.now(), signal);
  if (since <= window.reached || signal.aborted) return;
  const end = await endOf(link, since);
  if (end > window.reached) window.reached = end;
}

function isCursor(since: string, { end }: Window): boolean {
  const tag = end.slice(0, TAG_CHARACTERS);
  return CURSOR.test(since) && since.length === end.length && since.startsWith(tag);
}

function placeOf(since: string | null, window: Window): string {
  if (since === null || since === "-1") return window.origin;
  if (since === "now") return window.end;
  if (!isCursor(since, window)) throw new Refusal("invalid_cursor");
  return since <= window.reached ? since : window.end;
}
