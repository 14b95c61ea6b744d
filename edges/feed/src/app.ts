/** The feed as a fetch handler: what lies below a magic link's path. */
import { join } from "node:path";
import { parseLink } from "@ams/client";
import type { EdgeApp, EdgeStart } from "@ams/edge";
import { describeError, type Log } from "@ams/process";
import type { Answers } from "./answers/answers.ts";
import { memoryAnswers, openEmbeddedAnswers } from "./answers/embedded-answers.ts";
import { openRedisAnswers } from "./answers/redis-answers.ts";
import type { FeedConfig } from "./config.ts";
import { Conversations } from "./conversations.ts";
import { answerDurableLog, answerDurableText } from "./durable.ts";
import { answerEvents, answerJson } from "./log-routes.ts";
import { codeOf, HEADERS, PREFLIGHT, problem, Refusal } from "./problem.ts";
import { answerText } from "./text-routes.ts";
import { MESSAGE_BYTES_MAX, Writing } from "./writing.ts";

export type FeedParts = {
  readonly config: FeedConfig;
  /** Base URL of the deployment. */
  readonly url: () => string;
  readonly log: Log;
};

/** What is at a path below a link's. */
type Found = {
  readonly kind: "log" | "text" | "stream";
  /** The path of the link. */
  readonly path: string;
  /** Of a stream, as the path has it. */
  readonly name: string;
};

/** Segments of a link's path: an empty one, the namespace, `conversations`, the alias. */
const LINK_SEGMENTS = 4;
/** Characters of a stream's name in a path, where it may be percent-encoded. */
const NAME_CHARACTERS_MAX = 200;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const BEARER = /^bearer (\S+)$/i;

/** Characters of an `Idempotency-Key`. */
const KEY_CHARACTERS_MAX = 255;

export function createFeed(parts: FeedParts): EdgeApp {
  const conversations = new Conversations(parts.config);
  const writing = new Writing();
  let answers: Answers | null = null;
  const tools: Tools = { parts, conversations, writing, readers: { count: 0 } };
  return {
    fetch: async (request) => {
      try {
        return await respond(request, tools);
      } catch (error) {
        const code = codeOf(error);
        if (code === "unavailable")
          parts.log.warn({ event: "request_failed", ...describeError(error) }, "request failed");
        return problem(code);
      }
    },
    start: async (at) => {
      answers = await openAnswers(parts.config, at);
      writing.remember(answers);
      return [];
    },
    stop: async () => {
      await Promise.all([conversations.close(), writing.close()]);
      await answers?.close();
    },
  };
}

async function openAnswers({ AMS_FEED_REDIS_URL: url }: FeedConfig, at: EdgeStart) {
  if (url !== null) return await openRedisAnswers(url);
  return at.kind === "process" ? memoryAnswers() : openEmbeddedAnswers(join(at.folder, "feed"));
}

type Tools = {
  readonly parts: FeedParts;
  readonly conversations: Conversations;
  readonly writing: Writing;
  readonly readers: { count: number };
};

async function respond(request: Request, tools: Tools): Promise<Response> {
  const { pathname, searchParams: query } = new URL(request.url);
  const found = find(pathname);
  const isPreflight = request.headers.has("access-control-request-method");
  if (request.method === "OPTIONS" && isPreflight && pathname.includes("/conversations/"))
    return new Response(null, { status: 204, headers: PREFLIGHT });
  if (found === null) return problem("not_found");
  if (found.kind === "stream") return await takeMessage(request, query, found, tools);
  if (request.method !== "GET" && request.method !== "HEAD")
    return problem("method_not_allowed", { allow: "GET, HEAD" });
  const link = linkOf(found, query, tools);
  const name = found.kind === "log" ? null : nameOf(found.name);
  return await counted(
    tools,
    (signal) => read(request, { query, link, name, tools, signal }),
    request.signal,
  );
}

function find(pathname: string): Found | null {
  const segments = pathname.split("/", LINK_SEGMENTS + 4);
  const path = segments.slice(0, LINK_SEGMENTS).join("/");
  const [first, name = "", last, ...more] = segments.slice(LINK_SEGMENTS);
  if (more.length > 0 || parseLink(path, { isPath: true }) === null) return null;
  if (first === "log" && segments.length === LINK_SEGMENTS + 1) return { kind: "log", path, name };
  if (first !== "streams" || name === "" || name.length > NAME_CHARACTERS_MAX) return null;
  if (last === undefined) return { kind: "stream", path, name };
  return last === "text" ? { kind: "text", path, name } : null;
}

type Read = {
  readonly query: URLSearchParams;
  readonly link: string;
  /** The stream whose text is read; null for the log. */
  readonly name: string | null;
  readonly tools: Tools;
  readonly signal: AbortSignal;
};

async function read(request: Request, reading: Read): Promise<Response> {
  const { query, link, name, tools, signal } = reading;
  const { conversations } = tools;
  if (query.has("offset") || query.has("live")) {
    // One of two would be a guess, and so would be the beginning where a follower gave none.
    if (query.getAll("offset").length !== 1) throw new Refusal("invalid_cursor");
    return name === null
      ? await answerDurableLog(conversations, request, link, query, signal)
      : await answerDurableText(conversations, request, link, name, query, signal);
  }
  if (name !== null) return await answerText(conversations, link, name, query, signal);
  const takesEvents = /\btext\/event-stream\b/.test(request.headers.get("accept") ?? "");
  return takesEvents
    ? await answerEvents(conversations, link, query, request.headers, signal)
    : await answerJson(conversations, link, query, signal);
}

/** Counts a reader until its answer has ended. */
async function counted(
  { parts, readers }: Tools,
  answer: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  if (readers.count >= parts.config.AMS_FEED_READERS_MAX) throw new Refusal("too_many_readers");
  readers.count += 1;
  let isOver = false;
  const over = () => {
    if (!isOver) readers.count -= 1;
    isOver = true;
  };
  try {
    const response = await answer(signal);
    if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) over();
    else if (signal.aborted) over();
    else signal.addEventListener("abort", over, { once: true });
    return withEnd(response, over);
  } catch (error) {
    over();
    throw error;
  }
}

/** Calls `ended` when a stream of events has ended or its reader has gone. */
function withEnd(response: Response, ended: () => void): Response {
  const { body, status, headers } = response;
  const isStream = (headers.get("content-type") ?? "").startsWith("text/event-stream");
  if (body === null || !isStream) return response;
  const reader = body.getReader();
  const passed = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done) controller.enqueue(value);
        else {
          ended();
          controller.close();
        }
      },
      cancel: async (reason) => {
        ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(passed, { status, headers });
}

async function takeMessage(
  request: Request,
  query: URLSearchParams,
  found: Found,
  tools: Tools,
): Promise<Response> {
  if (request.method !== "POST") return problem("method_not_allowed", { allow: "POST" });
  const link = linkOf(found, query, tools);
  const streamName = nameOf(found.name);
  const authorization = request.headers.get("authorization") ?? "";
  const credential = BEARER.exec(authorization)?.[1] ?? null;
  if (authorization !== "" && credential === null) throw new Refusal("invalid_credential");
  const key = request.headers.get("idempotency-key");
  if (key !== null && key.length > KEY_CHARACTERS_MAX) throw new Refusal("invalid_message");
  const { conversationId } = await tools.conversations.admit(link);
  const text = await readText(request);
  const message = { link, conversationId, streamName, credential, text, key };
  return Response.json(await tools.writing.send(message), { status: 202, headers: HEADERS });
}

async function readText(request: Request): Promise<string> {
  const type = request.headers.get("content-type") ?? "text/plain";
  if (!type.toLowerCase().startsWith("text/plain")) throw new Refusal("invalid_message");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > MESSAGE_BYTES_MAX) throw new Refusal("body_too_large");
    chunks.push(chunk);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
    if (text === "") throw new Refusal("invalid_message");
    return text;
  } catch {
    throw new Refusal("invalid_message");
  }
}

/** The link at the deployment's own address: who gives it doesn't choose where this connects to. */
function linkOf({ path }: Found, query: URLSearchParams, { parts }: Tools): string {
  const token = query.get("t") ?? "";
  if (token === "") throw new Refusal("invalid_token");
  return `${parts.url().replace(/\/$/, "")}${path}?t=${encodeURIComponent(token)}`;
}

function nameOf(text: string): string {
  let name = "";
  try {
    name = decodeURIComponent(text);
  } catch {
    throw new Refusal("invalid_stream_name");
  }
  if (!NAME.test(name)) throw new Refusal("invalid_stream_name");
  return name;
}
