/**
 * The conversation as people read it: tokens of one stream joined into passages, and between them
 * who came, who left and what is lost.
 */
import type { AmsEvent, GapEvent, Metadata, Peer } from "@ams/client";
import { isEndOfTurn, sentinelOf } from "@ams/client";
import { BoundedList, type Bounds } from "./bounded-list.ts";

/** Milliseconds of silence after which a stream begins a new passage. */
export const PAUSE_MS = 4_000;

/**
 * Characters of a passage, after which a new one begins: a browser lays a whole passage out anew
 * with each token.
 */
export const PASSAGE_CHARACTERS_MAX = 2_000;

/** What a page keeps: hours of talk, and a few megabytes. */
const BOUNDS: Bounds = { itemsMax: 4_000, charactersMax: 2_000_000 };

/** Characters that a row costs beside its text. */
const ROW_CHARACTERS = 200;

/** A stream as a row names it, as it was when the row began. */
export type Speaker = Pick<Peer, "streamId" | "streamName" | "peerIdentity"> & {
  readonly displayName: string | null;
};

export type Passage = {
  readonly kind: "passage";
  readonly key: number;
  readonly speaker: Speaker;
  readonly isOwn: boolean;
  /** The broker's clock at the first token, ISO 8601; our own for what we said. */
  readonly ts: string;
  /** Grows; whoever shows it looks at it once per frame. */
  text: string;
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

type Open = { readonly passage: Passage; lastMs: number };

export class Rows {
  readonly #list: BoundedList<Row>;
  readonly #now: () => number;
  /** The passage that each stream is in, by stream id. */
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

  heard(event: AmsEvent, nameOf: (streamId: string) => Peer | undefined): void {
    switch (event.type) {
      case "token":
        if (sentinelOf(event.data) !== null) this.endTurn(event.streamId);
        else this.said(speakerOf(event, nameOf(event.streamId)?.metadata), event, false);
        break;
      case "stream_metadata":
        if (isEndOfTurn(event.metadata)) this.endTurn(event.streamId);
        break;
      case "stream_joined":
        this.#note("joined", speakerOf(event, event.metadata), "joined", event.ts);
        break;
      case "stream_left":
        this.endTurn(event.streamId);
        this.#note("left", speakerOf(event, nameOf(event.streamId)?.metadata), "left", event.ts);
        break;
      case "gap":
        this.#gap(event, event.streamId === null ? undefined : nameOf(event.streamId));
        break;
      default: // The connection's own fortunes are told by whoever holds it.
    }
  }

  /** Text of a stream, joined to what it said before where no pause lies between. */
  said(
    speaker: Speaker,
    { data, ts }: { readonly data: string; readonly ts: string },
    isOwn: boolean,
  ): void {
    if (data === "") return; // Nothing to read: the raw frames show it.
    const now = this.#now();
    const open = this.#open.get(speaker.streamId);
    const isKept = open !== undefined && open.passage.key >= this.#list.dropped;
    const goesOn = isKept && now - open.lastMs <= PAUSE_MS;
    let rest = data;
    if (goesOn) {
      const room = PASSAGE_CHARACTERS_MAX - open.passage.text.length;
      const head = cut(rest, room);
      open.passage.text += head;
      open.lastMs = now;
      this.#list.grow(open.passage.key - this.#list.dropped, head.length);
      rest = rest.slice(head.length);
      if (rest === "") return;
    }
    do {
      const text = cut(rest, PASSAGE_CHARACTERS_MAX);
      const passage = this.#begin(speaker, isOwn, ts, text);
      this.#open.set(speaker.streamId, { passage, lastMs: now });
      rest = rest.slice(text.length);
    } while (rest !== "");
  }

  /** What this stream says next begins a new passage. */
  endTurn(streamId: string): void {
    this.#open.delete(streamId);
  }

  /** A word about the connection itself. */
  note(text: string, ts: string | null): void {
    this.#note("connection", null, text, ts);
  }

  #begin(speaker: Speaker, isOwn: boolean, ts: string, text: string): Passage {
    const key = this.#takeKey();
    const passage: Passage = { kind: "passage", key, speaker, isOwn, ts, text };
    this.#list.push(passage, text.length + ROW_CHARACTERS);
    return passage;
  }

  #gap(event: GapEvent, peer: Peer | undefined): void {
    const { streamId, streamName, missing } = event;
    if (streamId !== null) this.#open.delete(streamId);
    const speaker =
      streamId === null || streamName === null
        ? null
        : speakerOf({ streamId, streamName }, peer?.metadata);
    this.#note("gap", speaker, describeLoss(missing), null);
  }

  #note(about: Note["about"], speaker: Speaker | null, text: string, ts: string | null): void {
    const key = this.#takeKey();
    this.#list.push({ kind: "note", key, about, speaker, text, ts }, ROW_CHARACTERS);
  }

  /** Keys count up without a hole, so that a row's place follows from its key. */
  #takeKey(): number {
    const key = this.#nextKey;
    this.#nextKey += 1;
    return key;
  }
}

/** The name that people see, where the stream's metadata has one. A convention of clients. */
export const DISPLAY_NAME = "display_name";

export function speakerOf(
  stream: Pick<Peer, "streamId" | "streamName" | "peerIdentity">,
  metadata: Metadata | undefined,
): Speaker {
  const { streamId, streamName, peerIdentity } = stream;
  const identity = peerIdentity === undefined ? {} : { peerIdentity };
  return { streamId, streamName, ...identity, displayName: displayNameOf(metadata) };
}

/** Characters of a display name that are shown: its author may have written any number. */
export const NAME_CHARACTERS_MAX = 64;

/**
 * A character that people see: marks that only join others, fillers and all that takes no room are
 * none.
 */
const VISIBLE = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

export function displayNameOf(metadata: Metadata | undefined): string | null {
  const name = metadata?.[DISPLAY_NAME];
  if (typeof name !== "string" || !VISIBLE.test(name)) return null;
  return cut(straight(name).trim(), NAME_CHARACTERS_MAX);
}

/**
 * Characters that turn the text after them around, so that it reads as another. Letters bring their
 * own direction along.
 */
const TURNING = /\p{Bidi_Control}/gu;

/** A claim of a peer without them, to be shown in a line of ours. */
export function straight(text: string): string {
  return text.replace(TURNING, "");
}

/** The first character of a name that people see, whole; a question mark where there is none. */
export function initialOf(name: string): string {
  return charactersOf(name).find((character) => VISIBLE.test(character)) ?? "?";
}

/** As people count them; browsers before 2024 may not know how, and count those of Unicode. */
function charactersOf(text: string): readonly string[] {
  if (Intl.Segmenter === undefined) return [...text];
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  return Array.from(segments, ({ segment }) => segment);
}

function describeLoss(missing: number | null): string {
  if (missing === null) return "something may be missing here";
  return missing === 1 ? "1 frame is missing here" : `${missing} frames are missing here`;
}

/**
 * At most `characters` from the front, and no character of two halves cut in two: then one less.
 */
export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const end = Math.max(characters, 0);
  const last = text.charCodeAt(end - 1);
  const isHighHalf = end > 0 && last >= 0xd8_00 && last <= 0xdb_ff;
  return text.slice(0, isHighHalf ? end - 1 : end);
}
