/** `GET {link}/log`: JSON with a long poll, or events. */
import type { Conversations } from "./conversations.ts";
import { codeOf, HEADERS, PROBLEMS, Refusal } from "./problem.ts";
import { Reading } from "./reading.ts";
import type { Entry } from "./window.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const WAIT_MS_MAX = 25_000;
const MAX_S_MAX = 86_400;

/** Milliseconds between two comments on a stream of events, so that no proxy takes it for dead. */
const COMMENT_MS = 15_000;

/** Milliseconds over which frames are put into one write. */
const GATHER_MS = 20;

export async function answerJson(
  conversations: Conversations,
  link: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const limit = readNumber(query.get("limit"), 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const waitMs = readNumber(query.get("wait_ms"), 0, WAIT_MS_MAX) ?? 0;
  const reading = await Reading.begin(conversations, link, query.get("since") || null, signal);
  let entries = await reading.page(limit);
  if (entries.length === 0 && waitMs > 0) {
    await reading.wait(waitMs);
    entries = await reading.page(limit);
  }
  const frames = entries.flatMap(framesOf).join(",");
  const cursor = JSON.stringify(reading.cursor);
  const body = `{"frames":[${frames}],"next_cursor":${cursor},"live":${reading.isLive}}`;
  return new Response(body, { headers: { ...HEADERS, "content-type": "application/json" } });
}

/** Server-sent events. Nothing is made before the reader takes it: one that does not is free. */
export async function answerEvents(
  conversations: Conversations,
  link: string,
  query: URLSearchParams,
  headers: Headers,
  signal: AbortSignal,
): Promise<Response> {
  const maxS = readNumber(query.get("max_s"), 1, MAX_S_MAX) ?? MAX_S_MAX;
  const since = headers.get("last-event-id") || query.get("since") || null;
  const reading = await Reading.begin(conversations, link, since, signal);
  const untilMs = performance.now() + maxS * 1_000;
  let isFirst = true;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const write = (text: string) => controller.enqueue(new TextEncoder().encode(text));
    try {
      if (isFirst) write("retry: 1000\n\n");
      isFirst = false;
      const leftMs = untilMs - performance.now();
      if (reading.isLive) {
        await reading.wait(Math.min(COMMENT_MS, leftMs));
        await pause(GATHER_MS);
      }
      const entries = await reading.page(LIMIT_MAX);
      if (entries.length > 0) write(entries.map(eventOf).join(""));
      else if (leftMs > 0) write(": still here\n\n");
      if (leftMs <= 0 || signal.aborted) controller.close();
    } catch (error) {
      const code = codeOf(error);
      write(`event: end\ndata: ${JSON.stringify({ error: code, message: PROBLEMS[code][1] })}\n\n`);
      controller.close();
    }
  };
  const type = { "content-type": "text/event-stream; charset=utf-8" };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 1 }), {
    headers: { ...HEADERS, ...type, "x-accel-buffering": "no" },
  });
}

/** The holes before it, and the frame. */
export function framesOf({ gaps, json }: Entry): readonly string[] {
  return json === "" ? gaps : [...gaps, json];
}

/** Each is made once, for all readers. */
const events = new WeakMap<Entry, string>();

function eventOf(entry: Entry): string {
  const known = events.get(entry);
  if (known !== undefined) return known;
  const gaps = entry.gaps.map((gap) => `event: gap\ndata: ${gap}\n\n`).join("");
  // An id alone is no message, and is where a client that comes back goes on.
  const data = entry.json === "" ? "" : `data: ${entry.json}\n`;
  const text = `${gaps}id: ${entry.cursor}\n${data}\n`;
  events.set(entry, text);
  return text;
}

/** Null when it is absent; refuses what is out of bounds. */
export function readNumber(text: string | null, min: number, max: number): number | null {
  if (text === null || text === "") return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new Refusal("invalid_limit");
  return value;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
