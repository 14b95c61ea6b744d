/**
 * The conversation as people read it: tokens of one stream joined into passages, one or more for
 * each turn, and between them who came, who left and what is lost.
 */
import type { AmsEvent, GapEvent, Peer } from "@ams/client";
import { sentinelOf, TURN_PAUSE_MS, turnEndOf } from "@ams/client";
import { BoundedList, type Bounds } from "./bounded-list.ts";
import type { OwnMessage } from "./delivery.ts";
import { type Speaker, speakerOf } from "./speaker.ts";
import { cut } from "./text.ts";

/**
 * Characters of a passage, after which the turn goes on in another: what one row costs to keep, to
 * find its blocks in and to scroll.
 */
export const PASSAGE_CHARACTERS_MAX = 20_000;

/** What a page keeps: hours of conversation, and a few megabytes. */
const BOUNDS: Bounds = { itemsMax: 4_000, charactersMax: 2_000_000 };

/** Characters that a row costs beside its text. */
const ROW_CHARACTERS = 200;

export type Passage = {
  readonly kind: "passage";
  readonly key: number;
  readonly speaker: Speaker;
  readonly isOwn: boolean;
  /** The broker's clock at the first token, ISO 8601; our own for what we sent. */
  readonly ts: string;
  /** True when it goes on with the turn of an earlier passage, which was full. */
  readonly isContinuation: boolean;
  /** What this page sent, and what became of it; null for what others sent. */
  readonly message: OwnMessage | null;
  /** Grows; whoever shows it looks at it once per frame. */
  text: string;
  /** False when its turn has ended, or its stream has paused. */
  isOpen: boolean;
};

export type Note = {
  readonly kind: "note";
  readonly key: number;
  readonly about: "joined" | "left" | "gap" | "connection";
  readonly speaker: Speaker | null;
  readonly text: string;
  readonly ts: string | null;
};

export type Row = Passage | Note;

/** A row as it is added: the list gives it its key. */
export type NewRow = Omit<Passage, "key"> | Omit<Note, "key">;

type Open = {
  readonly passage: Passage;
  lastMs: number;
  /** The broker's clock at the last token, in milliseconds. */
  lastTsMs: number;
};

export class Rows {
  readonly #list: BoundedList<Row>;
  readonly #now: () => number;
  /** The passage that each stream is writing, by stream id. */
  readonly #open = new Map<string, Open>();
  #nextKey = 0;

  /** `now` is in milliseconds and only for pauses; times that are shown are the broker's. */
  constructor(now: () => number, bounds: Bounds = BOUNDS) {
    this.#now = now;
    this.#list = new BoundedList(bounds);
  }

  get all(): readonly Row[] {
    return this.#list.items;
  }

  /** Rows that are no longer kept. */
  get dropped(): number {
    return this.#list.dropped;
  }

  /** The passages that grow at this moment, by stream id. */
  get writing(): ReadonlyMap<string, Passage> {
    return new Map([...this.#open].map(([streamId, { passage }]) => [streamId, passage]));
  }

  receive(event: AmsEvent, peerOf: (streamId: string) => Peer | undefined): void {
    if (event.type === "token" && sentinelOf(event.data) === null) {
      this.#append(speakerOf(event, peerOf(event.streamId)?.metadata), event);
    }
    if ("streamId" in event && event.streamId !== null && turnEndOf(event) !== null) {
      this.endTurn(event.streamId);
    }
    switch (event.type) {
      case "stream_joined":
        this.#note("joined", speakerOf(event, event.metadata), "joined", event.ts);
        break;
      case "stream_left":
        this.#note("left", speakerOf(event, peerOf(event.streamId)?.metadata), "left", event.ts);
        break;
      case "stream_ended":
        this.endTurn(event.streamId);
        break;
      case "gap":
        this.#gap(event, event.streamId === null ? undefined : peerOf(event.streamId));
        break;
      default: // What happens to the connection itself is noted by whoever holds it.
    }
  }

  /** A message of this page's person, before it is sent: `message` then says what became of it. */
  addOwn(speaker: Speaker, message: OwnMessage, ts: string): void {
    let rest = message.text;
    for (let isContinuation = false; rest !== ""; isContinuation = true) {
      const text = cut(rest, PASSAGE_CHARACTERS_MAX);
      const own = { isOwn: true, isContinuation, message, isOpen: false };
      this.add({ kind: "passage", speaker, ts, text, ...own });
      rest = rest.slice(text.length);
    }
  }

  /** What this stream writes next begins a new passage. */
  endTurn(streamId: string): void {
    const open = this.#open.get(streamId);
    if (open !== undefined) open.passage.isOpen = false;
    this.#open.delete(streamId);
  }

  /** Ends the passages of streams that have paused; null, or milliseconds until the next may. */
  endPaused(): number | null {
    const now = this.#now();
    let next: number | null = null;
    for (const [streamId, { lastMs }] of [...this.#open]) {
      const left = TURN_PAUSE_MS - (now - lastMs);
      if (left < 0) this.endTurn(streamId);
      else next = Math.min(next ?? left, left);
    }
    return next === null ? null : next + 1;
  }

  /**
   * Ends the passages whose last token is older than a pause by the broker's clock: kept messages
   * come all at once.
   */
  endOlder(brokerMs: number): void {
    for (const [streamId, { lastTsMs }] of [...this.#open]) {
      if (brokerMs - lastTsMs > TURN_PAUSE_MS) this.endTurn(streamId);
    }
  }

  /** A notification about the connection itself. */
  note(text: string, ts: string | null): void {
    this.#note("connection", null, text, ts);
  }

  add(row: NewRow): Row {
    const key = this.#nextKey; // Counts up without a hole, so a row's place follows from its key.
    this.#nextKey += 1;
    const added = { ...row, key };
    this.#list.push(added, ROW_CHARACTERS + row.text.length);
    return added;
  }

  /** Joins text to what the stream wrote before, where its turn has not ended. */
  #append(speaker: Speaker, { data, ts }: { readonly data: string; readonly ts: string }): void {
    if (data === "") return; // Nothing to read: the raw frames show it.
    const now = this.#now();
    const tsMs = Date.parse(ts);
    const open = this.#openOf(speaker.streamId, now, tsMs);
    let rest = data;
    if (open !== null) {
      const head = cut(rest, PASSAGE_CHARACTERS_MAX - open.passage.text.length);
      open.passage.text += head;
      open.lastMs = now;
      open.lastTsMs = tsMs;
      this.#list.grow(open.passage.key - this.#list.dropped, head.length);
      rest = rest.slice(head.length);
    }
    for (let isContinuation = open !== null; rest !== ""; isContinuation = true) {
      const text = cut(rest, PASSAGE_CHARACTERS_MAX);
      this.endTurn(speaker.streamId);
      const theirs = { isOwn: false, isContinuation, message: null, isOpen: true };
      const row = this.add({ kind: "passage", speaker, ts, text, ...theirs });
      if (row.kind === "passage") {
        this.#open.set(speaker.streamId, { passage: row, lastMs: now, lastTsMs: tsMs });
      }
      rest = rest.slice(text.length);
    }
  }

  /** The passage that the stream goes on with; null where it has paused, or is no longer kept. */
  #openOf(streamId: string, now: number, tsMs: number): Open | null {
    const open = this.#open.get(streamId);
    if (open === undefined) return null;
    const isKept = open.passage.key >= this.#list.dropped;
    const pauseMs = Math.max(now - open.lastMs, tsMs - open.lastTsMs);
    if (isKept && !(pauseMs > TURN_PAUSE_MS)) return open;
    this.endTurn(streamId);
    return null;
  }

  #gap(event: GapEvent, peer: Peer | undefined): void {
    const { streamId, streamName, missing } = event;
    if (streamId !== null) this.endTurn(streamId);
    const speaker =
      streamId === null || streamName === null
        ? null
        : speakerOf({ streamId, streamName }, peer?.metadata);
    this.#note("gap", speaker, describeLoss(missing), null);
  }

  #note(about: Note["about"], speaker: Speaker | null, text: string, ts: string | null): void {
    this.add({ kind: "note", about, speaker, text, ts });
  }
}

function describeLoss(missing: number | null): string {
  if (missing === null) return "something may be missing here";
  return missing === 1 ? "1 frame is missing here" : `${missing} frames are missing here`;
}
