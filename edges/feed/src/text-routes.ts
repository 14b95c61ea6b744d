/** `GET {link}/streams/{name}/text`: what one epoch of a stream said, as text. */
import { sentinelOf } from "@ams/client";
import type { Conversations } from "./conversations.ts";
import { readNumber } from "./log-routes.ts";
import { HEADERS, Refusal } from "./problem.ts";
import { Reading } from "./reading.ts";
import type { Entry } from "./window.ts";

/** Frames that are read at a time, and all together: what a window holds and more. */
const PAGE = 1_000;
const PAGES_MAX = 1_000;

/** Bytes of one answer; the rest is at the next offset. */
const TEXT_BYTES_MAX = 4_194_304;

export const EPOCH_MAX = 999_999_999;

/** Of one epoch; `isOver` once the log shows that it ended, or a later one began. */
export type EpochText = { readonly epoch: number; readonly text: string; readonly isOver: boolean };

export async function answerText(
  conversations: Conversations,
  link: string,
  streamName: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const wanted = readNumber(query.get("epoch"), 1, EPOCH_MAX);
  const reading = await Reading.begin(conversations, link, null, signal);
  const said = await saidBy(reading, streamName);
  const { epoch, text, isOver } = textOf(said, wanted);
  const headers = {
    ...HEADERS,
    "content-type": "text/plain; charset=utf-8",
    "stream-epoch": String(epoch),
    ...(isOver ? { "stream-closed": "true" } : {}),
  };
  return new Response(text, { headers });
}

export async function saidBy(reading: Reading, streamName: string): Promise<readonly Entry[]> {
  const said: Entry[] = [];
  let bytes = 0;
  for (let page = 0; page < PAGES_MAX && bytes < TEXT_BYTES_MAX; page += 1) {
    const entries = await reading.page(PAGE);
    for (const entry of entries) {
      if (entry.streamName !== streamName) continue;
      said.push(entry);
      bytes += entry.data?.length ?? 0;
    }
    if (entries.length === 0) break;
  }
  return said;
}

/** Of the epoch that is wanted, or of the latest. */
export function textOf(said: readonly Entry[], wanted: number | null): EpochText {
  const latest = said.reduce((epoch, entry) => Math.max(epoch, entry.epoch), 0);
  const epoch = wanted ?? latest;
  const own = said.filter((entry) => entry.epoch === epoch);
  if (own.length === 0) throw new Refusal("stream_not_found");
  const text = own
    .map(({ data }) => (data === null || sentinelOf(data) !== null ? "" : data))
    .join("");
  return { epoch, text, isOver: epoch < latest || own.some(({ isEnd }) => isEnd) };
}
