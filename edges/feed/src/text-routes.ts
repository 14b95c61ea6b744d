/** `GET {link}/streams/{name}/text`: what one epoch of a stream said, as text. */
import { sentinelOf } from "@ams/client";
import type { Conversations } from "./conversations.ts";
import { readNumber } from "./log-routes.ts";
import { HEADERS, Refusal } from "./problem.ts";
import { Reading } from "./reading.ts";
import type { Entry } from "./window.ts";

/** Frames that are read at a time, and pages of one answer. */
const PAGE = 1_000;
const PAGES_MAX = 1_000;

/** Characters of one answer; the rest is at the next offset. */
const TEXT_CHARACTERS_MAX = 4_194_304;

export const EPOCH_MAX = 999_999_999;

/** Of one epoch. */
export type Said = {
  readonly epoch: number;
  readonly text: string;
  /** The log shows that it ended, or a later one began. */
  readonly isOver: boolean;
  /** Something of it is not kept. */
  readonly hasHole: boolean;
  /** The offset behind the text where there is more; null where that is all. */
  readonly next: string | null;
};

export async function answerText(
  conversations: Conversations,
  link: string,
  streamName: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const wanted = readNumber(query.get("epoch"), 1, EPOCH_MAX);
  const reading = await Reading.begin(conversations, link, null, signal);
  const { epoch, text, isOver, hasHole, next } = await saidBy(reading, streamName, wanted);
  const headers = {
    ...HEADERS,
    "content-type": "text/plain; charset=utf-8",
    "stream-epoch": String(epoch),
    ...(isOver && next === null ? { "stream-closed": "true" } : {}),
    ...(hasHole ? { "stream-gap": "true" } : {}),
    ...(next === null ? {} : { "stream-next-offset": next }),
  };
  return new Response(text, { headers });
}

/** Of the epoch that is wanted, or of the latest. */
export async function saidBy(
  reading: Reading,
  streamName: string,
  wanted: number | null,
): Promise<Said> {
  let said = new Saying(wanted ?? 0);
  for (let page = 0; page < PAGES_MAX; page += 1) {
    for (const entry of await reading.page(PAGE)) {
      if (entry.streamName !== streamName) continue;
      if (wanted === null && entry.epoch > said.epoch) said = new Saying(entry.epoch);
      said.take(entry);
    }
    if (reading.isLive || (wanted !== null && said.rest !== null)) break;
  }
  if (!said.isFound) throw new Refusal("stream_not_found");
  const rest = said.rest ?? (reading.isLive ? null : reading.cursor);
  const isOver = said.isOver || reading.window.hasEnded(streamName, said.epoch);
  const { epoch, hasHole } = said;
  const next = rest === null ? null : offsetOf(rest, epoch);
  return { epoch, text: said.text, isOver, hasHole, next };
}

/** An offset of `/text`. */
export function offsetOf(cursor: string, epoch: number): string {
  return `${cursor}_${String(epoch).padStart(9, "0")}`;
}

class Saying {
  readonly epoch: number;
  isFound = false;
  isOver = false;
  hasHole = false;
  /** The place behind the text when there was more than an answer takes. */
  rest: string | null = null;
  #parts: string[] = [];
  #characters = 0;
  #lastN = 0;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  get text(): string {
    return this.#parts.join("");
  }

  take({ epoch, n, data, isEnd, cursor }: Entry): void {
    if (epoch > this.epoch) this.isOver = true;
    if (epoch !== this.epoch || this.rest !== null) return;
    this.isFound = true;
    if (isEnd) this.isOver = true;
    if (!isEnd && n !== this.#lastN + 1) this.hasHole = true;
    if (!isEnd) this.#lastN = n;
    if (data !== null && sentinelOf(data) === null) {
      this.#parts.push(data);
      this.#characters += data.length;
    }
    if (this.#characters >= TEXT_CHARACTERS_MAX) this.rest = cursor;
  }
}
