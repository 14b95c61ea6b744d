/**
 * Events as messages: the tokens of one turn joined, in the order in which the turns began
 * (docs/CONVENTIONS.md). It only looks: the same events give the same messages.
 */
import { isEndOfTurn, sentinelOf, TURN_PAUSE_MS } from "@ams/client";
import type { Heard } from "./buffer.ts";

/** What one stream said: a turn, or the part of it that these events have. */
export type Message = {
  readonly kind: "message";
  readonly streamId: string;
  readonly from: string;
  readonly text: string;
  /** False while it is being written, or when it goes on in the next answer. */
  readonly done: boolean;
  /** Of its first token here, by the broker's clock. */
  readonly ts: string;
  /** The first and the last seq of its tokens here. */
  readonly seq: readonly [string, string];
};

/** A loss at its position among the messages. */
export type Loss = {
  readonly kind: "gap" | "truncated";
  readonly dropped: number | null;
  readonly streamName: string | null;
};

export type Entry = Message | Loss;

/** Who joined, left, or changed metadata. */
export type Presence = {
  readonly what: "joined" | "left" | "metadata";
  readonly streamName: string;
};

export const MESSAGE_KINDS = ["message", "presence", "metadata", "gap"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export type FoldOptions = {
  readonly charactersMax: number;
  readonly kinds: ReadonlySet<MessageKind>;
  /** Characters of the first event that were read before. */
  readonly skip: number;
  /** Whether a stream was in the middle of a turn before the first event. */
  readonly wasOpen: (streamId: string, ts: string) => boolean;
  /** Whether a stream is known to end its turns: then a pause ends none. */
  readonly endsTurns: (streamId: string) => boolean;
  /** Whether a stream has been silent for so long that its text counts as ended. */
  readonly isPaused: (streamId: string) => boolean;
};

export type Fold = {
  readonly entries: readonly Entry[];
  readonly presence: readonly Presence[];
  /** How many events were read whole. */
  readonly count: number;
  /** Characters of the next one that were read too. */
  readonly skip: number;
  /** True when it stopped because no more characters fit. */
  readonly full: boolean;
};

/** What an entry counts beside its text, in characters: its name, time and seq. */
const ENTRY_CHARACTERS = 40;

type Open = {
  readonly index: number;
  readonly streamId: string;
  readonly from: string;
  text: string[];
  done: boolean;
  readonly ts: string;
  lastMs: number;
  readonly first: string;
  last: string;
};

/** What of an event that ends a turn is read. */
type End = {
  readonly streamId: string;
  readonly streamName: string;
  readonly ts: string;
  readonly seq: string;
};

export function foldMessages(events: readonly Heard[], options: FoldOptions): Fold {
  const folding = new Folding(options);
  let count = 0;
  for (const event of events) {
    const isWhole = folding.take(event, count === 0 ? options.skip : 0);
    if (!isWhole) return { ...folding.result(), count, skip: folding.skip, full: true };
    count += 1;
  }
  return { ...folding.result(), count, skip: 0, full: false };
}

class Folding {
  readonly #options: FoldOptions;
  readonly #entries: (Loss | Open)[] = [];
  readonly #presence: Presence[] = [];
  readonly #open = new Map<string, Open>();
  #charactersLeft: number;
  /** Characters of the event that did not fit which were read. */
  skip = 0;

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#charactersLeft = options.charactersMax;
  }

  /** Reads one event; false when it doesn't fit, or only in part. */
  take(event: Heard, skip: number): boolean {
    switch (event.kind) {
      case "token":
        if (sentinelOf(event.data) !== null) return this.#end(event);
        return this.#isWanted("message") ? this.#text(event, skip) : true;
      case "stream_left":
        return this.#leave(event);
      case "stream_joined":
        return this.#show("presence", { what: "joined", streamName: event.streamName });
      case "stream_metadata":
        if (isEndOfTurn(event.metadata)) return this.#end(event);
        return this.#show("metadata", { what: "metadata", streamName: event.streamName });
      case "gap":
        return this.#lose(event);
    }
  }

  result(): Pick<Fold, "entries" | "presence"> {
    const entries = this.#entries.map((one): Entry => {
      if ("kind" in one) return one;
      const { streamId, from, ts, first, last } = one;
      const isOver = one.done || this.#isOver(streamId);
      const seq = [first, last] as const;
      return { kind: "message", streamId, from, text: one.text.join(""), done: isOver, ts, seq };
    });
    return { entries, presence: this.#presence };
  }

  #isOver(streamId: string): boolean {
    return !this.#options.endsTurns(streamId) && this.#options.isPaused(streamId);
  }

  #text(event: Extract<Heard, { readonly kind: "token" }>, skip: number): boolean {
    const { streamId, streamName, ts, seq } = event;
    const data = skip === 0 ? event.data : event.data.slice(skip);
    if (data === "") return true;
    const open = this.#goingOn(streamId, ts);
    if (open === null && this.#charactersLeft < ENTRY_CHARACTERS && this.#entries.length > 0)
      return false;
    const fits = fitting(
      data,
      Math.max(1, this.#charactersLeft - (open === null ? ENTRY_CHARACTERS : 0)),
    );
    if (this.#charactersLeft <= 0) return false;
    const message = open ?? this.#begin(streamId, streamName, ts, seq);
    message.text.push(fits);
    message.last = seq;
    message.lastMs = Date.parse(ts);
    this.#charactersLeft -= fits.length;
    if (fits.length === data.length) return true;
    this.skip = skip + fits.length;
    return false;
  }

  /** The message that a stream is in; null where its next token begins one. */
  #goingOn(streamId: string, ts: string): Open | null {
    const open = this.#open.get(streamId);
    if (open === undefined) return null;
    const isPause = Date.parse(ts) - open.lastMs >= TURN_PAUSE_MS;
    if (!isPause || this.#options.endsTurns(streamId)) return open;
    this.#close(streamId);
    return null;
  }

  #begin(streamId: string, from: string, ts: string, seq: string): Open {
    const index = this.#entries.length;
    const lastMs = Date.parse(ts);
    const rest = { done: false, ts, lastMs, first: seq, last: seq };
    const open: Open = { index, streamId, from, text: [], ...rest };
    this.#entries.push(open);
    this.#open.set(streamId, open);
    this.#charactersLeft -= ENTRY_CHARACTERS;
    return open;
  }

  /** A turn ends; where only its end is among these events, an empty message says so. */
  #end(event: End): boolean {
    const { streamId, streamName, ts, seq } = event;
    if (!this.#isWanted("message")) return true;
    if (!this.#open.has(streamId)) {
      if (!this.#options.wasOpen(streamId, ts) || this.#hasSpoken(streamId)) return true;
      if (this.#charactersLeft < ENTRY_CHARACTERS && this.#entries.length > 0) return false;
      this.#begin(streamId, streamName, ts, seq);
    }
    this.#close(streamId);
    return true;
  }

  #leave(event: Extract<Heard, { readonly kind: "stream_left" }>): boolean {
    const { seq = "", streamName } = event;
    if (!this.#end({ ...event, seq })) return false;
    return this.#show("presence", { what: "left", streamName });
  }

  #lose({ missing, streamId, streamName }: Extract<Heard, { readonly kind: "gap" }>): boolean {
    if (!this.#isWanted("gap")) return true;
    if (this.#charactersLeft < ENTRY_CHARACTERS && this.#entries.length > 0) return false;
    if (streamId !== null) this.#open.delete(streamId);
    this.#entries.push({ kind: "gap", dropped: missing, streamName });
    this.#charactersLeft -= ENTRY_CHARACTERS;
    return true;
  }

  #show(kind: MessageKind, presence: Presence): boolean {
    if (!this.#isWanted(kind)) return true;
    if (
      this.#charactersLeft < ENTRY_CHARACTERS &&
      this.#presence.length + this.#entries.length > 0
    ) {
      return false;
    }
    this.#presence.push(presence);
    this.#charactersLeft -= ENTRY_CHARACTERS;
    return true;
  }

  #close(streamId: string): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) open.done = true;
    this.#open.delete(streamId);
  }

  #hasSpoken(streamId: string): boolean {
    return this.#entries.some((one) => !("kind" in one) && one.streamId === streamId);
  }

  #isWanted(kind: MessageKind): boolean {
    return this.#options.kinds.has(kind);
  }
}

/** The beginning of a text that fits, never half of a surrogate pair. */
function fitting(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const last = text.charCodeAt(charactersMax - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff && charactersMax > 1;
  return text.slice(0, isHalf ? charactersMax - 1 : charactersMax);
}
