import { once } from "node:events";
import { connect } from "node:net";
import { type HttpServer, openHttpServer } from "@ams/process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { problem } from "./problem.ts";

const NAMES = { publicUrl: null, allowedHosts: ["ams.example"] };

let open: TestControl;
let server: HttpServer;

beforeEach(async () => {
  open = await openTestControl({ accountsPerMinute: 50 });
  server = await openHttpServer({ host: "127.0.0.1", port: 0, names: NAMES }, open.control, () =>
    problem("not_found"),
  );
});
afterEach(async () => {
  await server.close();
  await open.close();
});

/** What the server says to these bytes, until it closes. */
async function say(text: string): Promise<string> {
  const socket = connect(server.port, "127.0.0.1");
  let heard = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    heard += chunk;
  });
  socket.write(text, "latin1");
  await once(socket, "close");
  return heard;
}

const CLOSE = "Connection: close\r\n\r\n";

test("§2.2.1 of 50 concurrent creates over sockets exactly one gets 201", async () => {
  const url = `http://127.0.0.1:${server.port}/v1/accounts`;
  const body = JSON.stringify({ namespace: "acme" });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => fetch(url, { method: "POST", body })),
  );
  const statuses = answers.map(({ status }) => status);
  await Promise.all(answers.map((answer) => answer.text()));
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(49);
  const limited = await fetch(url, { method: "POST", body });
  await limited.text();
  expect(limited.status).toBe(429);
});

test("§1.5 a link carries the host that the request was sent to", async () => {
  const { credential } = await open.account("acme");
  const heard = await say(
    `POST /v1/acme/conversations HTTP/1.1\r\nHost: ams.example:8443\r\nAuthorization: Bearer ${credential}\r\nContent-Length: 0\r\n${CLOSE}`,
  );
  expect(heard).toContain('"magic_link":"http://ams.example:8443/acme/conversations/');
});

test("§2.1.2 a body that is too large is answered 413, whether its length is given or not", async () => {
  const url = `http://127.0.0.1:${server.port}/v1/accounts`;
  const answer = await fetch(url, { method: "POST", body: "x".repeat(3_000_000) });
  expect(answer.status).toBe(413);
  expect(JSON.parse(await answer.text()).error).toBe("body_too_large");
  const chunk = new TextEncoder().encode("x".repeat(100_000));
  const chunks = Array.from({ length: 30 }, () => chunk);
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = chunks.pop();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
  const chunked = await fetch(url, { method: "POST", body, duplex: "half" });
  expect(chunked.status).toBe(413);
  expect(JSON.parse(await chunked.text()).error).toBe("body_too_large");
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});

test.each([
  ["a host that is none", `GET /v1 HTTP/1.1\r\nHost: a b/c\r\n${CLOSE}`],
  ["a path that is none", `GET \\\\x HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ["an absolute path of another scheme", `GET ftp://h/x HTTP/1.1\r\nHost: h\r\n${CLOSE}`],
  ["no HTTP at all", "\x16\x03\x01\x00\r\n\r\n"],
  [
    "a length that is none",
    `POST /v1/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n${CLOSE}`,
  ],
  [
    "headers beyond 32 KiB",
    `GET /v1 HTTP/1.1\r\nHost: h\r\nX-Large: ${"x".repeat(40_000)}\r\n${CLOSE}`,
  ],
])(
  "§2.1 %s is a refusal in JSON or without words, never HTML, and the next one is served",
  async (_what, text) => {
    const heard = await say(text);
    expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(heard.toLowerCase()).not.toContain("html");
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
  },
);

test("a client that goes away halfway through its body leaves the others served", async () => {
  const socket = connect(server.port, "127.0.0.1");
  socket.write("POST /v1/accounts HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{", () =>
    socket.destroy(),
  );
  await once(socket, "close");
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
  expect(open.lines).toEqual([]);
});
