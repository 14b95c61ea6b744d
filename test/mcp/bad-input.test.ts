// What hostile and broken clients send: each gets an answer, and nobody else notices.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import {
  ask,
  call,
  EventStream,
  initialize,
  type Json,
  messages,
  open,
  stateless,
  statelessHeaders,
  tool,
} from "./raw.ts";
import { type Minted, startWorld, Watcher, type World } from "./world.ts";

/** Sessions that one address may have here, so that reaching it takes no minute. */
const PER_ADDRESS = 300;

let world: World;
let there: Minted;
let adminPort: number;

beforeAll(async () => {
  adminPort = await freePort();
  world = await startWorld({
    AMS_MCP_SESSIONS_PER_ADDRESS: String(PER_ADDRESS),
    AMS_ADMIN_PORT: String(adminPort),
  });
  there = await world.conversation();
});

afterAll(() => world.stop());

/** What both eras answer to the same thing. */
async function bothEras(method: string, params: Json): Promise<readonly Json[]> {
  const session = await open(there.link);
  const old = await ask(there.link, {
    body: { jsonrpc: "2.0", id: 9, method, params },
    headers: { "mcp-session-id": session },
  });
  const young = await ask(there.link, {
    body: stateless(method, params, 9),
    headers: statelessHeaders(method, typeof params.name === "string" ? params.name : undefined),
  });
  const answers = await Promise.all([messages(old), messages(young)]);
  return answers.map((all) => all.at(-1) ?? {});
}

describe("calls", () => {
  test("an unknown tool, method, prompt or resource is a JSON-RPC error", async () => {
    const cases: readonly (readonly [string, Json, number])[] = [
      ["tools/call", { name: "ams_destroy", arguments: {} }, -32_602],
      ["prompts/get", { name: "nothing" }, -32_602],
      ["does/not/exist", {}, -32_601],
    ];
    for (const [method, params, code] of cases) {
      for (const answer of await bothEras(method, params)) {
        expect([method, answer]).toEqual([
          method,
          expect.objectContaining({ id: 9, error: expect.objectContaining({ code }) }),
        ]);
      }
    }
  });

  test.each<[string, string, Json]>([
    ["missing", "ams_send", {}],
    ["a list", "ams_set_metadata", { metadata: [] }],
    ["null", "ams_set_metadata", { metadata: null }],
    ["a stream name that is none", "ams_join", { stream_name: "no spaces" }],
    ["an endless name", "ams_join", { stream_name: "x".repeat(100_000) }],
  ])(
    "arguments that are %s are refused with a sentence, and the value isn't repeated",
    async (_, name, given) => {
      for (const answer of await bothEras("tools/call", { name, arguments: given })) {
        const { isError, structuredContent } = answer.result as {
          isError: boolean;
          structuredContent: Json;
        };
        expect([isError, structuredContent]).toEqual([
          true,
          { error: expect.stringMatching(/^invalid_/), message: expect.any(String) },
        ]);
        expect(String(structuredContent.message).length).toBeLessThan(300);
      }
    },
  );

  test.each<[string, string, Json]>([
    ["a number for a text", "ams_send", { data: 3 }],
    ["unknown", "ams_send", { data: "x", dta: "y" }],
    ["an identity that is none", "ams_join", { peer_identity: { kind: "robot" } }],
    [
      "prototype keys",
      "ams_recv",
      JSON.parse('{"__proto__": {"wait_ms": 25000}, "constructor": 1, "wait_ms": 0}'),
    ],
  ])("arguments that are %s are taken as far as they can be", async (_, name, given) => {
    for (const answer of await bothEras("tools/call", { name, arguments: given })) {
      const { isError, structuredContent } = answer.result as {
        isError?: boolean;
        structuredContent: Json;
      };
      // A stateless caller without a handle has no subscription to read.
      const fault = isError === true ? structuredContent.error : undefined;
      expect([undefined, "handle_required"]).toContain(fault);
      if (fault === undefined) expect(structuredContent).toMatchObject({ ok: true });
    }
    expect(Object.hasOwn(Object.prototype, "wait_ms")).toBe(false);
  });

  test("JSON nested too deeply is refused; deep enough for anybody is carried", async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    const body = (levels: number) =>
      JSON.stringify(call("ams_set_metadata", { metadata: "DEEP" })).replace(
        '"DEEP"',
        deep(levels),
      );
    const session = await open(there.link);
    const headers = { "mcp-session-id": session };
    const fine = await ask(there.link, { body: body(100), headers });
    expect(JSON.stringify(await messages(fine))).toContain('\\"ok\\":true');
    for (const levels of [200, 5_000, 100_000]) {
      const response = await ask(there.link, { body: body(levels), headers });
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ error: expect.objectContaining({ code: -32_600 }) }),
      ]);
    }
  });
});

describe("messages", () => {
  test("a batch of the older era is answered message by message; with initialize in it, or in the younger era, it is refused", async () => {
    const session = await open(there.link);
    const headers = { "mcp-session-id": session };
    const one = { ...call("ams_peers"), id: "a" };
    const response = await ask(there.link, { body: [one, { ...one, id: "b" }], headers });
    expect(response.status).toBe(200);
    const ids = (await messages(response)).map(({ id }) => id);
    expect(ids.sort()).toEqual(["a", "b"]);
    const cases = [
      [[initialize(), one], {}, 400],
      [[initialize(), one], headers, 400],
      [Array.from({ length: 101 }, () => one), headers, 400],
      [[stateless("tools/list")], statelessHeaders("tools/list"), 400],
      [[], headers, 400],
    ] as const;
    for (const [body, more, status] of cases) {
      const refused = await ask(there.link, { body, headers: more });
      expect([body.length, refused.status]).toEqual([body.length, status]);
      await refused.text();
    }
  });

  test.each([
    ["null", null],
    ["a number", 3],
    ["a text", '"initialize"'],
    ["no version", { id: 1, method: "initialize" }],
    ["an id that is an object", { jsonrpc: "2.0", id: {}, method: "initialize", params: {} }],
    ["an initialize without its parameters", { jsonrpc: "2.0", id: 1, method: "initialize" }],
    ["an answer to nothing that was asked", { jsonrpc: "2.0", id: 1, result: {} }],
  ])("%s is refused", async (_, body) => {
    const response = await ask(there.link, { body: body === null ? "null" : body });
    expect(response.status).toBe(400);
    await response.text();
  });

  test("a protocol version from the future gets the newest of the older era, or is answered with what there is", async () => {
    const [answer] = await messages(
      await ask(there.link, { body: initialize("raw", "2099-01-01") }),
    );
    expect(answer).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    const session = await open(there.link);
    const headers = { "mcp-session-id": session, "mcp-protocol-version": "2098-01-01" };
    const old = await ask(there.link, { body: call("ams_peers"), headers });
    expect(old.status).toBe(400);
    expect(await old.json()).toMatchObject({ error: { message: expect.any(String) } });
    const body = JSON.parse(
      JSON.stringify(stateless("tools/list")).replaceAll("2026-07-28", "2099-01-01"),
    );
    const young = await ask(there.link, {
      body,
      headers: { ...statelessHeaders("tools/list"), "mcp-protocol-version": "2099-01-01" },
    });
    expect(young.status).toBe(400);
    expect(JSON.stringify(await young.json())).toContain("2026-07-28");
  });

  test("an id that is under way is refused, whoever answers first; when it is over it may come again", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    const waiting = { ...call("ams_recv", { wait_ms: 25_000 }), id: "same" };
    const headers = { "mcp-session-id": session };
    const watcher = await Watcher.join(link);
    // What waits already: that the watcher has come.
    await tool(link, session, "ams_recv", { wait_ms: 5_000 });
    const first = ask(link, { body: waiting, headers });
    await tool(link, session, "ams_peers"); // The first one is there when this is answered.
    const ping = { jsonrpc: "2.0", id: "same", method: "ping" };
    const second = await ask(link, { body: [ping], headers });
    expect([second.status, (await messages(second))[0]]).toMatchObject([
      400,
      { error: { code: -32_600 } },
    ]);
    await watcher.connection.send("now");
    expect(await messages(await first)).toMatchObject([{ id: "same", result: {} }]);
    const third = await ask(link, { body: ping, headers });
    expect(await messages(third)).toMatchObject([{ id: "same", result: {} }]);
    await watcher.connection.close();
  });

  test("an initialize that lacks something says so, not that a session is missing", async () => {
    for (const params of [{}, { ...(initialize().params as Json), clientInfo: null }]) {
      const response = await ask(there.link, { body: { ...initialize(), params } });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: -32_602 } });
    }
  });

  test("bytes that are no UTF-8, an empty body and a half-sent one are refused", async () => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    for (const body of [new Uint8Array([0xff, 0xfe, 0x7b]), ""]) {
      const response = await fetch(there.link, { method: "POST", headers, body });
      expect(response.status).toBe(400);
      await response.text();
    }
  });

  test("ids, headers and paths that are strange lead nowhere", async () => {
    const strange = [
      "stateless guest",
      "__proto__",
      "constructor",
      "x".repeat(10_000),
      "../..",
      "%00",
    ];
    for (const id of strange) {
      const response = await ask(there.link, {
        body: call("ams_peers"),
        headers: { "mcp-session-id": id },
      });
      expect([id.slice(0, 20), response.status]).toEqual([id.slice(0, 20), 404]);
      await response.text();
    }
    for (const path of ["/mcp/", "/mcp/x", "/MCP", "//mcp", "/mcp%2f"]) {
      const response = await ask(world.url + path, { body: initialize() });
      expect([path, response.status]).toEqual([path, 404]);
      await response.text();
    }
  });
});

describe("numbers", () => {
  test("a session that is deleted frees its slot; sessions past the limit of an address get 429, and those that are there go on", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    const opened: string[] = [];
    let refused: Response | null = null;
    while (refused === null && opened.length <= PER_ADDRESS) {
      const response = await ask(link, { body: initialize() });
      if (response.status === 200) opened.push(response.headers.get("mcp-session-id") ?? "");
      else refused = response;
      await response.clone().text();
    }
    expect(refused?.status).toBe(429);
    expect(await refused?.json()).toMatchObject({ error: "too_many_sessions" });
    expect(refused?.headers.get("retry-after")).toMatch(/^\d+$/);
    expect((await tool(link, session, "ams_send", { data: "still here" })).value.ok).toBe(true);
    await ask(link, { method: "DELETE", headers: { "mcp-session-id": opened[0] ?? "" } });
    const again = await ask(link, { body: initialize() });
    expect(again.status).toBe(200);
    await Promise.all(
      opened
        .slice(1)
        .map((id) => ask(link, { method: "DELETE", headers: { "mcp-session-id": id } })),
    );
  });

  test("clients that come and go in the middle of everything leave nothing behind", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    await tool(link, session, "ams_join", { stream_name: "steady" });
    for (let at = 0; at < 20; at += 1) {
      const abort = new AbortController();
      const waiting = ask(link, {
        body: call("ams_recv", { wait_ms: 20_000 }),
        headers: { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" },
        signal: abort.signal,
      });
      const push = await EventStream.open(link, {
        method: "GET",
        headers: { accept: "text/event-stream", "mcp-session-id": session },
      });
      await waiting;
      abort.abort();
      push.close();
    }
    await watcher.connection.send("hello");
    const { value } = await tool(link, session, "ams_recv", { wait_ms: 5_000 });
    expect(value.events?.map(({ data }) => data)).toContain("hello");
    expect(watcher.heard.filter((line) => line.endsWith("steady"))).toEqual(["+steady"]);
    // Whoever has gone listens no more, long before a comment would have shown it.
    await expect.poll(() => gauge("ams_mcp_listeners"), { timeout: 5_000 }).toBe(0);
    await watcher.connection.close();
  });
});

async function gauge(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}
