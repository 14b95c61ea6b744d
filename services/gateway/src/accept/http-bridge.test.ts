// Requests through the public port, by real connections that are kept alive: each gets its answer,
// whatever became of the last.
import { Agent, request as httpRequest } from "node:http";
import { BODY_BYTES_MAX } from "@ams/protocol";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GatewayMetrics } from "../metrics.ts";
import type { HttpHandler } from "./http-bridge.ts";
import { Server } from "./server.ts";

let server: Server;
let port: number;
let handler: HttpHandler;
let agent: Agent;

beforeEach(async () => {
  const metrics = new GatewayMetrics(new Registry(), {
    connections: () => 0,
    conversations: () => 0,
  });
  server = new Server(metrics);
  const opened = await server.open(
    { host: "127.0.0.1", port: 0, names: { publicUrl: null, allowedHosts: [] } },
    {
      metrics,
      backpressureBytes: 65_536,
      onConnect: () => undefined,
      http: (request, peer) => handler(request, peer),
    },
  );
  if (opened === null) throw new Error("no port");
  port = opened;
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});

afterEach(async () => {
  agent.destroy();
  await server.close();
});

type Answer = { readonly status: number; readonly headers: object; readonly body: string };

function ask(
  method: string,
  path: string,
  body?: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const to = { host: "127.0.0.1", port, method, path, headers, agent };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(to, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    sent.on("error", reject).end(body);
  });
}

test("a request arrives with method, path, query, headers, body and the peer's address", async () => {
  handler = async (request, { address }) => {
    const url = new URL(request.url);
    return Response.json({
      method: request.method,
      path: url.pathname + url.search,
      host: request.headers.get("host"),
      body: await request.text(),
      address,
    });
  };
  const { status, body, headers } = await ask("POST", "/v1/x?y=1&z=%20", "hello é");
  expect(status).toBe(200);
  expect(headers).toMatchObject({ "content-type": "application/json" });
  expect(headers).toHaveProperty("content-length", String(body.length + 1)); // é is two bytes.
  expect(JSON.parse(body)).toMatchObject({
    method: "POST",
    path: "/v1/x?y=1&z=%20",
    host: `127.0.0.1:${port}`,
    body: "hello é",
  });
});

test("many requests with bodies, read or not, small or large, follow each other on one connection", async () => {
  handler = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/unread") return new Response("no", { status: 413 });
    if (pathname === "/cancelled") {
      await request.body?.cancel();
      return new Response("no", { status: 413 });
    }
    return new Response(String((await request.arrayBuffer()).byteLength));
  };
  const large = Buffer.alloc(BODY_BYTES_MAX * 2, "x");
  for (const body of [Buffer.from("x"), large, Buffer.from("yy")]) {
    for (const path of ["/read", "/unread", "/read", "/cancelled", "/read"]) {
      const answer = await ask("POST", path, body);
      expect(answer.status).toBe(path === "/read" ? 200 : 413);
      if (path === "/read") expect(answer.body).toBe(String(body.length));
    }
  }
});

test("a Host that would read as a path leads nowhere", async () => {
  handler = (request) => Promise.resolve(new Response(new URL(request.url).pathname));
  for (const host of ["evil.example/v1/accounts?x=", "a b", "x@y", "[::1"]) {
    const answer = await ask("POST", "/elsewhere", "", { host });
    expect([host, answer.status]).toEqual([host, 403]);
  }
  expect((await ask("POST", "/here", "", { host: "[::1]:8080" })).body).toBe("/here");
});

test("HEAD bears the length and no body; an answer without a body ends", async () => {
  handler = (request) =>
    Promise.resolve(
      request.method === "DELETE" ? new Response(null, { status: 204 }) : new Response("four"),
    );
  const head = await ask("HEAD", "/");
  expect([head.status, head.body]).toEqual([200, ""]);
  expect(head.headers).toHaveProperty("content-length", "4");
  expect((await ask("DELETE", "/")).status).toBe(204);
  expect((await ask("GET", "/")).body).toBe("four");
});

test("an event stream is passed on as it comes, and the handler hears that the client has gone", async () => {
  let push: (text: string) => void = () => undefined;
  let gone: () => void = () => undefined;
  const hasGone = new Promise<void>((resolve) => {
    gone = resolve;
  });
  handler = (request) => {
    request.signal.addEventListener("abort", () => gone());
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        push = (text) => controller.enqueue(new TextEncoder().encode(text));
        push(":ok\n\n");
      },
    });
    return Promise.resolve(
      new Response(body, { headers: { "content-type": "text/event-stream" } }),
    );
  };
  await new Promise<void>((resolve) => {
    const sent = httpRequest({ host: "127.0.0.1", port, path: "/", agent }, (response) => {
      let heard = "";
      response.on("data", (chunk: Buffer) => {
        heard += chunk.toString();
        if (heard === ":ok\n\n") push("data: 1\n\n");
        if (heard.endsWith("data: 1\n\n")) {
          sent.destroy();
          resolve();
        }
      });
      response.on("error", () => undefined);
    });
    sent.on("error", () => undefined).end();
  });
  await hasGone;
});

/** `count` different events of `bytes` each, and how many of them have been asked for. */
function events(count: number, bytes: number, then: "ends" | "stays open") {
  const state = { asked: 0 };
  const text = (index: number) => `${index}:`.padEnd(bytes, String.fromCharCode(97 + (index % 26)));
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (state.asked < count) controller.enqueue(Buffer.from(text(state.asked++)));
        else if (then === "ends") controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const response = new Response(body, { headers: { "content-type": "text/event-stream" } });
  const whole = () => Array.from({ length: count }, (_, index) => text(index)).join("");
  return { state, response, whole };
}

/** Resolves when nothing more is asked of the stream for a while: the way to the reader is full. */
async function untilFull(state: { readonly asked: number }): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    quiet = state.asked === before ? quiet + 1 : 0;
    before = state.asked;
  }
}

test.for([
  { count: 20, bytes: 65_536 },
  { count: 200, bytes: 65_536 },
  { count: 2_000, bytes: 4_096 },
  { count: 20_000, bytes: 1_000 },
])(
  "an event stream of $count x $bytes bytes reaches a reader that stalls whole, and ends",
  async ({ count, bytes }) => {
    const { state, response, whole } = events(count, bytes, "ends");
    handler = () => Promise.resolve(response);
    const body = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port, path: "/", agent }, (answer) => {
        const chunks: Buffer[] = [];
        let came = 0;
        let stalledAt = 0;
        answer.pause();
        untilFull(state).then(() => answer.resume(), reject);
        answer.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          came += chunk.length;
          if (came - stalledAt < 4_000_000) return;
          stalledAt = came;
          answer.pause();
          untilFull(state).then(() => answer.resume(), reject);
        });
        answer.on("end", () => resolve(Buffer.concat(chunks).toString()));
      });
      sent.on("error", reject).end();
    });
    expect(body.length).toBe(count * bytes);
    expect(body === whole()).toBe(true);
  },
);

test.for([40, 56, 58, 60, 62, 64, 66, 200])(
  "what a stalled reader has not been sent yet of %i events reaches it when nothing more comes",
  async (count) => {
    const { state, response, whole } = events(count, 65_536, "stays open");
    handler = () => Promise.resolve(response);
    const body = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port, path: "/", agent }, (answer) => {
        const chunks: Buffer[] = [];
        let came = 0;
        answer.pause();
        untilFull(state).then(() => answer.resume(), reject);
        answer.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          came += chunk.length;
          if (came === count * 65_536) resolve(Buffer.concat(chunks).toString());
        });
        answer.on("error", () => undefined);
      });
      sent.on("error", reject).end();
    });
    expect(body === whole()).toBe(true);
  },
);

test("a handler that fails is a 500 in JSON, and what can't be a URL is a 404", async () => {
  handler = () => Promise.reject(new Error("secret"));
  const failed = await ask("GET", "/");
  expect([failed.status, JSON.parse(failed.body).error]).toEqual([500, "internal_error"]);
  expect(failed.body).not.toContain("secret");
});
