/**
 * The reading half of the Durable Streams protocol, version 1.0: `/log` is a stream of JSON whose
 * offsets are cursors, `/text` one of text whose offsets are a cursor and the epoch that is read.
 */
import { sentinelOf } from "@ams/client";
import type { Conversations } from "./conversations.ts";
import { framesOf, readNumber } from "./log-routes.ts";
import { codeOf, HEADERS, Refusal } from "./problem.ts";
import { Reading } from "./reading.ts";
import { EPOCH_MAX, offsetOf, saidBy } from "./text-routes.ts";
import type { Entry } from "./window.ts";

const PAGE = 1_000;

/** Milliseconds after which a stream of events ends. */
const EVENTS_MS = 60_000;

/** `Stream-Cursor`: intervals of so many ms since then, so that no cache answers permanently. */
const INTERVAL_MS = 20_000;
const INTERVALS_FROM_MS = Date.UTC(2024, 9, 9);
const JITTER_INTERVALS_MAX = 180;

type Part = {
  readonly body: string;
  readonly next: string;
  readonly isUpToDate: boolean;
  readonly isClosed: boolean;
};

type Source = {
  /** Milliseconds that a long poll waits. */
  readonly pollMs: number;
  readonly type: "application/json" | "text/plain; charset=utf-8";
  readonly isEmpty: (part: Part) => boolean;
  readonly read: () => Promise<Part>;
  readonly wait: (ms: number) => Promise<void>;
};

export async function answerDurableLog(
  conversations: Conversations,
  request: Request,
  link: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const offset = query.get("offset");
  const reading = await Reading.begin(conversations, link, offset, signal);
  const holes = new Holes(offset);
  const source: Source = {
    pollMs: conversations.config.AMS_FEED_POLL_MS,
    type: "application/json",
    isEmpty: ({ body }) => body === "[]",
    read: async () => {
      const entries = holes.refuse(await reading.page(PAGE));
      const body = `[${entries.flatMap(framesOf).join(",")}]`;
      return { body, next: reading.cursor, isUpToDate: reading.isLive, isClosed: false };
    },
    wait: (ms) => reading.wait(ms),
  };
  return await answer(source, request, query, signal);
}

export async function answerDurableText(
  conversations: Conversations,
  request: Request,
  link: string,
  streamName: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const offset = query.get("offset") ?? "-1";
  const [cursor = "", named] = offset.split("_");
  const isBegun = named !== undefined;
  const wanted = isBegun ? readNumber(named, 1, EPOCH_MAX) : null;
  const epoch =
    wanted ?? (await epochOf(conversations, link, streamName, query.get("epoch"), signal));
  const since = isBegun ? cursor : offset;
  const reading = await Reading.begin(conversations, link, since, signal);
  const holes = new Holes(offset);
  const source: Source = {
    pollMs: conversations.config.AMS_FEED_POLL_MS,
    type: "text/plain; charset=utf-8",
    isEmpty: ({ body }) => body === "",
    read: async () => {
      const page = holes.refuse(await reading.page(PAGE));
      const body = page.map((entry) => textIn(entry, streamName, epoch)).join("");
      const isClosed = reading.isLive && reading.hasEnded(streamName, epoch);
      const next = offsetOf(reading.cursor, epoch);
      return { body, next, isUpToDate: reading.isLive, isClosed };
    },
    wait: async (ms) => {
      if (!reading.hasEnded(streamName, epoch)) await reading.wait(ms);
    },
  };
  return await answer(source, request, query, signal);
}

async function epochOf(
  conversations: Conversations,
  link: string,
  streamName: string,
  given: string | null,
  signal: AbortSignal,
): Promise<number> {
  const reading = await Reading.begin(conversations, link, null, signal);
  return (await saidBy(reading, streamName, readNumber(given, 1, EPOCH_MAX))).epoch;
}

async function answer(
  source: Source,
  request: Request,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const live = query.get("live");
  if (live === "sse") return events(source, query, signal);
  if (live !== null && live !== "long-poll" && live !== "false") throw new Refusal("invalid_limit");
  let part = await source.read();
  if (live === "long-poll" && source.isEmpty(part) && !part.isClosed) {
    await source.wait(source.pollMs);
    part = await source.read();
  }
  const isNow = query.get("offset") === "now";
  const headers = headersOf(source, part, live === null ? null : query.get("cursor"), live);
  if (live === "long-poll" && source.isEmpty(part)) {
    headers.delete("content-type");
    return new Response(null, { status: 204, headers });
  }
  if (isNow) return new Response(part.body, { headers });
  const etag = `"${query.get("offset")}:${part.next}${part.isClosed ? ":c" : ""}"`;
  headers.set("etag", etag);
  if (request.headers.get("if-none-match") === etag)
    return new Response(null, { status: 304, headers });
  return new Response(request.method === "HEAD" ? null : part.body, { headers });
}

function headersOf(source: Source, part: Part, cursor: string | null, live: string | null) {
  const headers = new Headers({ ...HEADERS, "content-type": source.type });
  headers.set("stream-next-offset", part.next);
  if (part.isUpToDate) headers.set("stream-up-to-date", "true");
  if (part.isClosed) headers.set("stream-closed", "true");
  if (live !== null) headers.set("stream-cursor", cursorAfter(cursor));
  return headers;
}

function events(source: Source, query: URLSearchParams, signal: AbortSignal): Response {
  const untilMs = performance.now() + EVENTS_MS;
  let cursor = query.get("cursor");
  let isFirst = true;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const write = (text: string) => controller.enqueue(new TextEncoder().encode(text));
    try {
      if (!isFirst) await source.wait(Math.max(0, untilMs - performance.now()));
      const part = await source.read();
      cursor = cursorAfter(cursor);
      if (!source.isEmpty(part)) write(`event: data\n${dataLines(part.body)}\n`);
      write(`event: control\ndata:${JSON.stringify(controlOf(part, cursor))}\n\n`);
      isFirst = false;
      if (part.isClosed || signal.aborted || performance.now() >= untilMs) controller.close();
    } catch (error) {
      // A client comes back by its offset, and then hears why.
      controller.error(new Error(codeOf(error)));
    }
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 1 }), {
    headers: { ...HEADERS, "content-type": "text/event-stream", "x-accel-buffering": "no" },
  });
}

function controlOf({ next, isUpToDate, isClosed }: Part, cursor: string) {
  return {
    streamNextOffset: next,
    ...(isClosed ? { streamClosed: true } : { streamCursor: cursor }),
    ...(isUpToDate ? { upToDate: true } : {}),
  };
}

/** As the protocol's own server writes it: a space only where a client would remove one. */
function dataLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `data:${line.startsWith(" ") ? " " : ""}${line}\n`)
    .join("");
}

/** The interval that it is, or a later one than the client has. */
function cursorAfter(given: string | null): string {
  const now = Math.floor((Date.now() - INTERVALS_FROM_MS) / INTERVAL_MS);
  const known = given !== null && /^\d{1,15}$/.test(given) ? Number(given) : -1;
  const jitter = 1 + Math.floor(Math.random() * JITTER_INTERVALS_MAX);
  return String(known >= now ? known + jitter : now);
}

function textIn({ streamName, epoch, data }: Entry, name: string, wanted: number): string {
  if (streamName !== name || epoch !== wanted || data === null) return "";
  return sentinelOf(data) === null ? data : "";
}

/** An offset whose frames are gone is distinguished from one that has everything. */
class Holes {
  /** What is missing before all that is kept was never behind the offset. */
  #isBegin: boolean;

  constructor(offset: string | null) {
    this.#isBegin = offset === null || offset === "-1";
  }

  refuse(entries: readonly Entry[]): readonly Entry[] {
    const known = this.#isBegin ? entries.slice(1) : entries;
    if (known.some(({ gaps }) => gaps.length > 0)) throw new Refusal("gone");
    if (entries.length > 0) this.#isBegin = false;
    return entries;
  }
}
