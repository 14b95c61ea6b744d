/**
 * What is said, as rows of a terminal: tokens of a stream run on in its open row until a line feed,
 * the end of its turn, a pause, or the edge. Several streams may have open rows at once, so that
 * models which speak at the same time can be read. It knows the clock only from its callers, and
 * nothing of escape sequences.
 */
import { harmless } from "../terminal/harmless.ts";
import { columnsOf, firstRow } from "./width.ts";

export type Voice = {
  readonly id: string;
  readonly name: string;
  /** True when each token is a line of its own, as people write. */
  readonly speaksInLines: boolean;
};

/**
 * A row: `voice` is null for notes, and `isFirst` false where a row goes on with an earlier one.
 */
export type Row = {
  readonly voice: Voice | null;
  readonly text: string;
  readonly isFirst: boolean;
};

type OpenRow = { readonly row: Row; readonly at: number };

/**
 * Milliseconds of silence after which a row is taken as finished: longer than models pause between
 * tokens.
 */
export const PAUSE_MS = 1_000;
/** Open rows at most; beyond that the one that was silent for longest is finished. */
const OPEN_MAX = 6;
/** Columns that text has at least, however narrow the terminal is. */
const TEXT_COLUMNS_MIN = 8;

export class Transcript {
  readonly #columns: () => number;
  // By stream id; those that spoke last are at the end.
  readonly #open = new Map<string, OpenRow>();
  #finished: Row[] = [];

  /** `columns` gives the width of a row. */
  constructor(columns: () => number) {
    this.#columns = columns;
  }

  token(voice: Voice, data: string, now: number): void {
    const [first = "", ...more] = data.split(/\r?\n/);
    this.#append(voice, first, now);
    for (const line of more) {
      this.#finish(voice.id, true);
      this.#append(voice, line, now);
    }
    if (voice.speaksInLines) this.#finish(voice.id, true);
    while (this.#open.size > OPEN_MAX) this.#finish([...this.#open.keys()][0] ?? "", false);
  }

  /** The stream's turn is over, or it has left. */
  endLine(streamId: string): void {
    this.#finish(streamId, false);
  }

  /** A sentence beside the tokens; it is harmless already. */
  note(sentence: string): void {
    this.#wrap(null, sentence, true);
  }

  /**
   * Finishes the rows of all who have been silent for a while, and what doesn't fit any more since
   * the width changed.
   */
  settle(now: number): void {
    for (const [id, { row, at }] of this.#open) {
      if (now - at >= PAUSE_MS) this.#finish(id, false);
      else this.#open.set(id, { row: this.#wrapped(row), at });
    }
  }

  /** The rows that were finished since the last call. */
  take(): readonly Row[] {
    return this.#finished.splice(0);
  }

  /** The rows that still grow. */
  get open(): readonly Row[] {
    return Array.from(this.#open.values(), ({ row }) => row);
  }

  #append(voice: Voice, text: string, now: number): void {
    const { row } = this.#open.get(voice.id) ?? { row: { voice, text: "", isFirst: true } };
    this.#open.delete(voice.id);
    if (row.text === "" && text === "") return;
    const rest = this.#wrapped({ ...row, text: row.text + harmless(text) });
    this.#open.set(voice.id, { row: rest, at: now });
  }

  /** Finishes all full rows of a text that grew; what is left is less than a row. */
  #wrapped(row: Row): Row {
    let rest = row;
    for (;;) {
      const text = firstRow(rest.text, this.#space(rest.voice));
      // It fits, but for a space at its end perhaps.
      if (text.length === rest.text.length) return rest;
      this.#finished.push({ ...rest, text: text.trimEnd() });
      rest = { ...rest, text: rest.text.slice(text.length), isFirst: false };
    }
  }

  #wrap(voice: Voice | null, text: string, isFirst: boolean): void {
    this.#finished.push(this.#wrapped({ voice, text, isFirst }));
  }

  /** An empty row is kept where a line feed made it. */
  #finish(streamId: string, byLineFeed: boolean): void {
    const open = this.#open.get(streamId);
    this.#open.delete(streamId);
    if (open !== undefined && (open.row.text !== "" || byLineFeed)) this.#finished.push(open.row);
  }

  #space(voice: Voice | null): number {
    return Math.max(TEXT_COLUMNS_MIN, this.#columns() - prefixColumns(voice));
  }
}

/** Columns before the text of a row: `name: `, or `* ` for notes. */
export function prefixColumns(voice: Voice | null): number {
  return voice === null ? 2 : columnsOf(voice.name) + 2;
}
