/**
 * The writing half of the Durable Streams protocol in front of a feed, so that its published
 * conformance suite can be played against our reading half: a stream is a conversation with one
 * writer. What is read comes from the feed as it is; only JSON is taken out of the frames.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { type Account, type Connection, join, sentinelOf, splitText } from "@ams/client";

type Stream = {
  readonly type: string;
  readonly alias: string;
  /** What the feed serves, with the link's token. */
  readonly below: (query: URLSearchParams) => string;
  readonly writer: Connection;
  isClosed: boolean;
  /** Up to where the feed has shown what was written. */
  tail: string;
};

export type Adapter = { readonly url: string; readonly stop: () => Promise<void> };

export async function startAdapter(account: Account): Promise<Adapter> {
  const streams = new Map<string, Promise<Stream>>();
  const server = createServer((request, response) => {
    answer(account, streams, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const stream of streams.values()) await (await stream).writer.close();
    },
  };
}

async function answer(
  account: Account,
  streams: Map<string, Promise<Stream>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? "", "http://adapter");
  const known = await streams.get(pathname);
  const body = await readBody(request);
  if (request.method === "PUT") {
    const type = request.headers["content-type"] ?? "application/octet-stream";
    const stream = known ?? (await put(account, streams, pathname, type));
    if (known === undefined) await append(stream, body);
    if (request.headers["stream-closed"] === "true") await close(stream);
    const location = `http://${request.headers.host}${pathname}`;
    return written(response, stream, known === undefined ? 201 : 200, { location });
  }
  if (request.method === "OPTIONS") return await preflight(account, request, response);
  if (known === undefined) return void refuse(response);
  if (request.method === "DELETE") {
    streams.delete(pathname);
    await account.close(known.alias);
    return void response.writeHead(204).end();
  }
  if (request.method !== "POST") return await read(known, query, request, response);
  if (known.isClosed && body !== "")
    return void response.writeHead(409, { "stream-closed": "true" }).end();
  await append(known, body);
  if (request.headers["stream-closed"] === "true") await close(known);
  written(response, known, 204, {});
}

/** The feed's own answer, whatever the path. */
async function preflight(
  { url }: Account,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = "access-control-request-method";
  const headers = { [asked]: String(request.headers[asked] ?? "") };
  const answer = await fetch(`${url}/any/conversations/any/log`, { method: "OPTIONS", headers });
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end();
}

function refuse(response: ServerResponse): void {
  response.writeHead(404, { "x-content-type-options": "nosniff" }).end();
}

async function put(
  account: Account,
  streams: Map<string, Promise<Stream>>,
  pathname: string,
  type: string,
): Promise<Stream> {
  const made = open(account, type);
  streams.set(pathname, made);
  return await made;
}

async function open(account: Account, type: string): Promise<Stream> {
  const replay = { ttlS: 600, maxBytes: 16_777_216 };
  const { magicLink, alias } = await account.mint({ replay });
  const writer = await join(magicLink, { guest: true, streamName: "scribe", receipts: true });
  const { origin, pathname, search } = new URL(magicLink);
  const resource = isJson(type) ? "/log" : "/streams/scribe/text";
  const stream: Stream = {
    type,
    alias,
    below: (query) => `${origin}${pathname}${resource}${search}&${query}`,
    writer,
    isClosed: false,
    tail: "-1",
  };
  // The log knows of a stream what it has said: here, that it is there.
  await writer.setMetadata({ at: "begin" });
  await writer.endTurn();
  await until(stream, ({ ok }) => ok);
  return stream;
}

const isJson = (type: string) => type.toLowerCase().startsWith("application/json");

async function append(stream: Stream, body: string): Promise<void> {
  if (body === "") return;
  const messages = isJson(stream.type) ? messagesOf(body) : [...splitText(body)];
  await Promise.all(messages.map((message) => stream.writer.send(message)));
  let left = isJson(stream.type) ? messages.length : Buffer.byteLength(body);
  await until(stream, async (answer) => {
    const text = await answer.text();
    left -= isJson(stream.type) ? JSON.parse(jsonOf(text)).length : Buffer.byteLength(text);
    return left <= 0;
  });
}

function messagesOf(body: string): readonly string[] {
  const value: unknown = JSON.parse(body);
  return (Array.isArray(value) ? value : [value]).map((one) => JSON.stringify(one));
}

async function close(stream: Stream): Promise<void> {
  if (stream.isClosed) return;
  stream.isClosed = true;
  await stream.writer.close();
  if (!isJson(stream.type)) {
    await until(stream, ({ headers }) => headers.get("stream-closed") === "true");
  }
}

/** Reads on from the tail until what was written is there. */
async function until(
  stream: Stream,
  isThere: (answer: Response) => boolean | Promise<boolean>,
): Promise<void> {
  for (let reading = 0; reading < 500; reading += 1) {
    const query = new URLSearchParams({ offset: stream.tail });
    const answer = await fetch(stream.below(query));
    stream.tail = answer.headers.get("stream-next-offset") ?? stream.tail;
    if (await isThere(answer)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the feed did not show what was written");
}

function written(
  response: ServerResponse,
  stream: Stream,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  const closed = stream.isClosed ? { "stream-closed": "true" } : {};
  const type = { "content-type": stream.type, "x-content-type-options": "nosniff" };
  const next = { "stream-next-offset": stream.tail };
  response.writeHead(status, { ...type, ...next, ...closed, ...headers }).end();
}

/** What the feed answers, JSON taken out of its frames. */
async function read(
  stream: Stream,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = new URLSearchParams(query);
  if (!asked.has("offset") && !asked.has("live"))
    asked.set("offset", request.method === "HEAD" ? "now" : "-1");
  const headers = new Headers();
  for (const name of ["if-none-match", "origin", "access-control-request-method"]) {
    const value = request.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const method = request.method ?? "GET";
  const answer = await fetch(stream.below(asked), { method, headers, signal: gone.signal });
  const passed = Object.fromEntries(answer.headers);
  const isEvents = (passed["content-type"] ?? "").startsWith("text/event-stream");
  delete passed["content-length"];
  delete passed["transfer-encoding"];
  // A stream has the type that it was made with; the feed serves text and JSON.
  if (answer.ok && !isEvents && passed["content-type"] !== undefined)
    passed["content-type"] = stream.type;
  response.writeHead(answer.status, passed);
  if (answer.body === null || method === "HEAD") return void response.end();
  if (isJson(stream.type) && !isEvents)
    return void response.end(answer.ok ? jsonOf(await answer.text()) : "");
  const chunks = Readable.fromWeb(answer.body as never);
  // A reader that has gone ends both.
  chunks.on("error", () => response.destroy());
  if (!isJson(stream.type)) return void chunks.pipe(response);
  chunks.setEncoding("utf8");
  chunks.on("data", (chunk: string) => response.write(eventsOf(chunk)));
  chunks.on("end", () => response.end());
}

/** What was written, of the frames of the log. */
function jsonOf(text: string): string {
  const frames: readonly { type: string; data?: string }[] = JSON.parse(text);
  const said = frames.flatMap(({ type, data }) =>
    type === "token" && data !== undefined && sentinelOf(data) === null ? [data] : [],
  );
  return `[${said.join(",")}]`;
}

/** An event comes in one chunk, as the feed writes it. */
function eventsOf(chunk: string): string {
  return chunk
    .split("\n\n")
    .map((event) =>
      event.startsWith("event: data\ndata:")
        ? `event: data\ndata:${jsonOf(event.slice("event: data\ndata:".length))}`
        : event,
    )
    .join("\n\n");
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
