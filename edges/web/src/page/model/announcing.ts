/**
 * What is read out to people who can't see the page: each row once, in its order, when nothing is
 * added to it any more.
 */
import type { Row } from "./rows.ts";
import { nameOf } from "./speaker.ts";

/** Characters of a passage that are read out: who wants more finds it in the conversation. */
const READ_CHARACTERS_MAX = 500;
/** Rows that are read out at once: whoever listens would fall further and further behind. */
const ROWS_MAX = 6;

export class Announcing {
  /** Key of the first row that was not read out yet. */
  #nextKey = 0;
  /** How long each row after that was at the last look, by its key. */
  #lengths = new Map<number, number>();

  /** What has settled since the last look, a line each. Call it every few seconds. */
  look(rows: readonly Row[]): readonly string[] {
    const firstKey = rows[0]?.key ?? 0;
    // Keys count up without a hole.
    const fresh = rows.slice(Math.max(0, this.#nextKey - firstKey));
    const growing = fresh.findIndex((row) => !this.#isSettled(row));
    const settled = growing < 0 ? fresh : fresh.slice(0, growing);
    const rest = fresh.slice(settled.length);
    this.#nextKey = rest[0]?.key ?? (rows.at(-1)?.key ?? -1) + 1;
    this.#lengths = new Map(rest.map(({ key, text }) => [key, text.length]));
    return spoken(settled.filter((row) => row.kind === "note" || !row.isOwn));
  }

  #isSettled({ kind, key, text }: Row): boolean {
    return kind === "note" || this.#lengths.get(key) === text.length;
  }
}

function spoken(rows: readonly Row[]): readonly string[] {
  const passedOver = rows.length - ROWS_MAX;
  const lines = rows.slice(-ROWS_MAX).map(lineOf);
  return passedOver > 0 ? [`${passedOver} more before this.`, ...lines] : lines;
}

function lineOf({ speaker, text }: Row): string {
  const name = speaker === null ? "" : `${nameOf(speaker)}: `;
  return `${name}${text.slice(0, READ_CHARACTERS_MAX)}`;
}
