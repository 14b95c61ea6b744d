// Every kind of public port, by raw bytes: which host names it answers to (DNS rebinding), and
// requests that two servers would read differently (request smuggling). One standalone, and
// control, the page and MCP in processes of their own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "./cluster/free-port.ts";
import { head, sendRaw } from "./cluster/raw-http.ts";
import { type ServerProcess, startProcess } from "./cluster/server-process.ts";
import { watchFolder } from "./cluster/watchdog.ts";
import { programFolder } from "./repository-root.ts";

const KINDS = ["standalone", "control", "web", "mcp"] as const;
type Kind = (typeof KINDS)[number];

/** A path of each kind that answers 2xx or 4xx of its own to a GET without anything else. */
const PATH: Readonly<Record<Kind, string>> = {
  standalone: "/v1",
  control: "/v1",
  web: "/",
  mcp: "/mcp",
};
const EVIL = "evil.example.com";
const LISTED = "agents.example.org";
const PUBLIC = "public.example.org";

const ports = new Map<Kind, number>();
const adminPorts = new Map<Kind, number>();
const started: ServerProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ams-ports-"));
  watchFolder(folder);
  for (const kind of KINDS) {
    ports.set(kind, await freePort());
    adminPorts.set(kind, await freePort());
  }
  await Promise.all(KINDS.map((kind) => start(kind)));
});

afterAll(async () => {
  await Promise.all(started.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(kind: Kind): Promise<void> {
  const port = portOf(kind);
  const { AMS_REDIS_URL: _, ...environment } = process.env;
  const env = {
    ...environment,
    HOST: "127.0.0.1",
    PORT: String(port),
    AMS_ADMIN_PORT: String(adminPorts.get(kind)),
    AMS_DATA: join(folder, "data"),
    AMS_URL: `http://127.0.0.1:${portOf("standalone")}`,
    AMS_PUBLIC_URL: `https://${PUBLIC}`,
    AMS_ALLOWED_HOSTS: LISTED,
    // Control serves without Redis, and says that it isn't ready.
    ...(kind === "control" ? { AMS_REDIS_URL: `redis://127.0.0.1:${await freePort()}` } : {}),
    AMS_CREDENTIAL_PEPPERS: "c".repeat(32),
    AMS_LINK_PEPPERS: "l".repeat(32),
  };
  const command = {
    name: kind,
    file: process.execPath,
    args: [join(programFolder(kind), "dist", "main.js")],
    env,
    logFile: join(folder, `${kind}.log`),
  };
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}${PATH[kind]}`).then(
      () => true,
      () => false,
    );
  started.push(await startProcess(command, isUp));
}

function portOf(kind: Kind): number {
  return ports.get(kind) ?? 0;
}

async function statusFor(kind: Kind, host: string, line?: string): Promise<number | undefined> {
  const sent = head(line ?? `GET ${PATH[kind]} HTTP/1.1`, `Host: ${host}`, "Accept: */*");
  return (await sendRaw(portOf(kind), sent)).statuses[0];
}

describe.each(KINDS)("§2.1.7 %s", (kind) => {
  test.each([
    EVIL,
    `${EVIL}:80`,
    `localhost.${EVIL}`,
    `localhost@${EVIL}`,
    `${EVIL}@localhost`,
    "localhost:evil",
    "localhost:99999",
    "127.0.0.1.evil.example.com",
    "[::2]",
    "[::1",
    "0.0.0.0",
    "128.0.0.1",
    "",
  ])("a foreign Host %j is 403", async (host) => {
    const sent = head(`GET ${PATH[kind]} HTTP/1.1`, `Host: ${host}`, `Origin: http://${host}`);
    const { statuses, text } = await sendRaw(portOf(kind), sent);
    expect(statuses).toEqual([403]);
    expect(text).toContain('"error":"host_not_allowed"');
    expect(text).toContain("AMS_ALLOWED_HOSTS");
  });

  test.each([
    "localhost",
    "LOCALHOST:8080",
    "localhost.",
    "127.0.0.1:1",
    "127.9.8.7",
    "[::1]:8080",
    "[0:0:0:0:0:0:0:1]",
    PUBLIC,
    `${PUBLIC.toUpperCase()}:8443`,
    `${LISTED}.`,
  ])("its own Host %j is served", async (host) => {
    const served = await statusFor(kind, host);
    expect(served).not.toBe(403);
    expect(served).toBeLessThan(500);
  });

  test("the host of a target in absolute form is judged as well", async () => {
    const line = `GET http://${EVIL}${PATH[kind]} HTTP/1.1`;
    expect(await statusFor(kind, "localhost", line)).not.toBe(200);
    const own = `GET http://localhost${PATH[kind]} HTTP/1.1`;
    expect(await statusFor(kind, EVIL, own)).not.toBe(200);
  });

  test("the admin port that is bound to loopback judges the Host too", async () => {
    const port = adminPorts.get(kind) ?? 0;
    const evil = await sendRaw(port, head("GET /metrics HTTP/1.1", `Host: ${EVIL}`));
    expect([evil.statuses[0], evil.text.includes("host_not_allowed")]).toEqual([403, true]);
    const own = await sendRaw(port, head("GET /metrics HTTP/1.1", "Host: localhost:9"));
    expect(own.statuses).toEqual([200]);
  });
});

describe("§2.1.7 the page of another site, its name pointed at loopback", () => {
  test("makes no account, calls no tool, and joins no conversation", async () => {
    const port = portOf("standalone");
    const body = '{"namespace":"rebound"}';
    const headers = [
      `Host: ${EVIL}:${port}`,
      `Origin: http://${EVIL}:${port}`,
      "Content-Type: application/json",
      "Accept: application/json, text/event-stream",
    ];
    for (const path of ["/v1/accounts", "/mcp"]) {
      const request = head(`POST ${path} HTTP/1.1`, ...headers, `Content-Length: ${body.length}`);
      expect((await sendRaw(port, request + body)).statuses).toEqual([403]);
    }
    const socket = new WebSocket(
      `ws://127.0.0.1:${port}/ns/conversations/alias/connect?t=x`,
      ["ams.v1"],
      { headers: { host: EVIL }, origin: `http://${EVIL}` },
    );
    const closed = await new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve([code, reason.toString()]));
    });
    expect(closed).toEqual([4400, "host_not_allowed"]);
    expect(
      await statusFor("standalone", EVIL, "GET /ns/conversations/alias/connect HTTP/1.1"),
    ).toBe(403);
  });
});

test("§1.5 a link works on every host name that the deployment accepts", async () => {
  const port = portOf("standalone");
  const ask = async (path: string, body: string, ...headers: readonly string[]) => {
    const sent = head(`POST ${path} HTTP/1.1`, ...headers, `Content-Length: ${body.length}`) + body;
    const { text } = await sendRaw(port, sent);
    return JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
  };
  const { credential } = await ask("/v1/accounts", '{"namespace":"hosts"}', `Host: ${LISTED}`);
  const bearer = `Authorization: Bearer ${credential}`;
  const minted = await ask("/v1/hosts/conversations", "{}", "Host: localhost", bearer);
  const { pathname, search } = new URL(minted.magic_link);
  for (const host of [LISTED, PUBLIC, "localhost", "127.0.0.1:1"]) {
    const url = `ws://127.0.0.1:${port}${pathname}/connect${search}`;
    const socket = new WebSocket(url, ["ams.v1", "ams.guest"], { headers: { host } });
    const first = await new Promise((resolve) => {
      socket.on("message", (frame) => resolve(JSON.parse(frame.toString()).type));
      socket.on("close", (code, reason) => resolve([code, reason.toString()]));
    });
    socket.terminate();
    expect([host, first]).toEqual([host, "joined"]);
  }
});

const BODY = '{"namespace":"!"}';
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
/**
 * A second request in the same bytes: a server that serves it has read the first one differently.
 */
const SMUGGLED = head("GET /healthz HTTP/1.1", "Host: localhost");

describe.each(KINDS)("§2.1.8 %s", (kind) => {
  test.each<[string, readonly string[], string]>([
    ["two lengths that differ", ["Content-Length: 17", "Content-Length: 3"], BODY],
    [
      "two lengths that differ, the shorter first",
      ["Content-Length: 3", "Content-Length: 17"],
      BODY,
    ],
    ["two equal lengths", ["Content-Length: 17", "Content-Length: 17"], BODY],
    ["a list of lengths", ["Content-Length: 17, 17"], BODY],
    ["a length and a coding", ["Content-Length: 17", "Transfer-Encoding: chunked"], CHUNKED],
    ["a coding and a length", ["Transfer-Encoding: chunked", "Content-Length: 17"], CHUNKED],
    ["another coding", ["Transfer-Encoding: gzip"], CHUNKED],
    ["a coding that only ends in chunked", ["Transfer-Encoding: xchunked"], CHUNKED],
    ["two codings", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], CHUNKED],
    ["a signed length", ["Content-Length: +17"], BODY],
    ["a negative length", ["Content-Length: -17"], BODY],
    ["a hexadecimal length", ["Content-Length: 0x11"], BODY],
    ["an empty length", ["Content-Length:"], BODY],
    ["two hosts", ["Host: localhost", "Content-Length: 17"], BODY],
    ["a line break inside a header", ["X-A: a\r\n b", "Content-Length: 17"], BODY],
    ["a space before the colon", ["Content-Length : 17"], BODY],
    ["a bare line feed", ["X-A: a\nContent-Length: 17"], BODY],
  ])("%s is no request: nothing behind it is served", async (_name, headers, body) => {
    const request = head("POST /v1/accounts HTTP/1.1", "Host: localhost", ...headers);
    const { statuses } = await sendRaw(portOf(kind), `${request}${body}${SMUGGLED}`);
    expect(statuses.filter((status) => status !== 400)).toEqual([]);
    expect(statuses.length).toBeLessThanOrEqual(1);
  });
});

describe("§2.1.1 a known path with a method that it doesn't take is 405 with Allow", () => {
  const methods = ["TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "PROPFIND", "FOO", "get", "post"];
  const paths = [
    ["/v1", "GET, HEAD, OPTIONS"],
    ["/v1/accounts", "POST, OPTIONS"],
    ["/v1/ns/conversations/alias", "GET, DELETE, HEAD, OPTIONS"],
    ["/healthz", "GET, HEAD"],
    ["/openapi.json", "GET, HEAD, OPTIONS"],
    ["/ns/conversations/alias/connect", "GET"],
    ["/mcp", "GET, POST, DELETE"],
    ["/ns/conversations/alias?t=x", "GET, POST, DELETE"],
    ["/", "GET, HEAD"],
  ] as const;

  test.each(methods)("%s", async (method) => {
    for (const [path, allow] of paths) {
      const sent = head(`${method} ${path} HTTP/1.1`, "Host: localhost", "Content-Length: 0");
      const { statuses, text } = await sendRaw(portOf("standalone"), sent);
      const allowed = /\r\nallow: ([^\r]*)/i.exec(text)?.[1];
      expect([path, statuses[0], allowed]).toEqual([path, 405, allow]);
    }
  });

  test.each(KINDS)("TRACE and CONNECT at %s", async (kind) => {
    for (const method of ["TRACE", "CONNECT"]) {
      const sent = head(`${method} ${PATH[kind]} HTTP/1.1`, "Host: localhost");
      const { statuses, text } = await sendRaw(portOf(kind), sent);
      expect([method, statuses, /\r\nallow: /i.test(text)]).toEqual([method, [405], true]);
    }
  });
});
