// Every row of what the edge answers over HTTP, byte for byte where bytes were promised.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  call,
  EventStream,
  initialize,
  messages,
  open,
  sse,
  stateless,
  statelessHeaders,
  tool,
  toolAlone,
} from "./raw.ts";
import { type Minted, startWorld, Watcher, type World } from "./world.ts";

const NO_SESSION = {
  jsonrpc: "2.0",
  error: { code: -32_001, message: "Session not found" },
  id: null,
};
const WRONG_TOKEN = "A".repeat(43);

let world: World;
let there: Minted;

beforeAll(async () => {
  world = await startWorld({ AMS_MCP_ORIGINS: "https://listed.example" });
  there = await world.conversation();
});

afterAll(() => world.stop());

describe("sessions", () => {
  test("initialize answers an event stream with a session id; notifications/initialized gets 202, and nothing waited for it", async () => {
    const response = await ask(there.link, { body: initialize() });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const id = response.headers.get("mcp-session-id") ?? "";
    expect(id).toMatch(/^[A-Za-z0-9_-]{24}\.raw\.p\.[A-Za-z0-9_-]{22}$/);
    const [answer] = await messages(response);
    expect(answer).toMatchObject({
      result: { protocolVersion: "2025-11-25", serverInfo: { name: "ams" } },
    });
    const { value } = await tool(there.link, id, "ams_peers");
    expect(value.ok).toBe(true);
    const body = { jsonrpc: "2.0", method: "notifications/initialized" };
    const accepted = await ask(there.link, { body, headers: { "mcp-session-id": id } });
    expect(accepted.status).toBe(202);
  });

  test.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])(
    "revision %s is spoken",
    async (version) => {
      const [answer] = await messages(await ask(there.link, { body: initialize("raw", version) }));
      expect(answer).toMatchObject({ result: { protocolVersion: version } });
    },
  );

  test("GET opens the push stream: :ok at once; a newer one replaces it, never 409; DELETE is 204 and ends it, and its stream leaves", async () => {
    const watcher = await Watcher.join(there.link);
    const id = await open(there.link);
    await tool(there.link, id, "ams_join", { stream_name: "goes" });
    await watcher.until((heard) => heard.includes("+goes"));
    const first = await EventStream.open(there.link, sse(id));
    expect(first.response.status).toBe(200);
    await first.until(() => first.text.startsWith(":ok\n\n"));
    const second = await EventStream.open(there.link, sse(id));
    expect(second.response.status).toBe(200);
    await first.untilEnded();
    await watcher.connection.send("to the second");
    await second.until(() => second.notices("token").length === 1);
    const gone = await ask(there.link, { method: "DELETE", headers: { "mcp-session-id": id } });
    expect(gone.status).toBe(204);
    expect(await gone.text()).toBe("");
    await second.untilEnded();
    await watcher.until((heard) => heard.includes("-goes"));
    const after = await ask(there.link, {
      body: call("ams_peers"),
      headers: { "mcp-session-id": id },
    });
    expect([after.status, await after.json()]).toEqual([404, NO_SESSION]);
    await watcher.connection.close();
  });

  test("DELETE leaves the subscription with its buffer: a new session of the account finds its unread events", async () => {
    const { link, bearer } = await world.conversation();
    const watcher = await Watcher.join(link);
    const id = await open(link, bearer);
    const { value: joined } = await tool(link, id, "ams_join", { stream_name: "kept" }, bearer);
    await watcher.connection.send("unread");
    const { value: sent } = await tool(link, id, "ams_send", { data: "x" }, bearer);
    expect(sent.ok).toBe(true);
    await ask(link, { method: "DELETE", headers: { "mcp-session-id": id, ...bearer } });
    await watcher.until((heard) => heard.includes("-kept"));
    const again = await open(link, bearer);
    const back = await tool(link, again, "ams_join", { stream_name: "kept" }, bearer);
    expect(back.value).toMatchObject({ resumed: true, stream_id: joined.stream_id });
    const { value } = await tool(link, again, "ams_recv", {}, bearer);
    expect(value.events?.[0]).toMatchObject({ kind: "token", data: "unread" });
    await watcher.connection.close();
  });

  test("event ids allow Last-Event-ID: a client that comes back gets what followed, once", async () => {
    const watcher = await Watcher.join(there.link, "teller");
    const id = await open(there.link);
    await tool(there.link, id, "ams_join");
    const first = await EventStream.open(there.link, sse(id));
    for (const word of ["one", "two", "three"]) await watcher.connection.send(word);
    await first.until(() => first.notices("token").length === 3);
    const ids = first.events.map((event) => event.id);
    expect(new Set(ids).size).toBe(3);
    first.close();
    const second = await EventStream.open(there.link, sse(id, { "last-event-id": ids[0] ?? "" }));
    await second.until(() => second.notices("token").length === 2);
    await watcher.connection.send("four");
    await second.until(() => second.notices("token").length === 3);
    expect(second.notices("token").map(({ data }) => data)).toEqual(["two", "three", "four"]);
    expect(second.events.map((event) => event.id).slice(0, 2)).toEqual(ids.slice(1));
    second.close();
    await watcher.connection.close();
  });

  test("a POST's answer that was missed can be had by its event id", async () => {
    const id = await open(there.link);
    const headers = { "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" };
    const whole = await (await ask(there.link, { body: call("ams_peers"), headers })).text();
    const priming = /id: (post\.\S+)/.exec(whole)?.[1] ?? "";
    const late = await EventStream.open(there.link, sse(id, { "last-event-id": priming }));
    await late.until(() => late.events.length === 1);
    expect(late.events[0]?.message).toMatchObject({
      result: { structuredContent: { ok: true } },
    });
  });

  test("comments keep push streams and long POSTs of both eras alive when 15 s pass without bytes, never inside an event", async () => {
    // Each in a conversation of its own: who hears another come has no reason to wait on.
    const [{ link }, { link: elsewhere }] = await Promise.all([
      world.conversation(),
      world.conversation(),
    ]);
    const id = await open(link);
    const wait = { wait_ms: 17_000 };
    const joined = await toolAlone(elsewhere, "ams_join");
    const [push, waiting, alone] = await Promise.all([
      EventStream.open(link, sse(id)),
      EventStream.open(link, { body: call("ams_recv", wait), headers: { "mcp-session-id": id } }),
      EventStream.open(elsewhere, {
        body: stateless("tools/call", {
          name: "ams_recv",
          arguments: { ...wait, handle: joined.value.handle },
        }),
        headers: statelessHeaders("tools/call", "ams_recv"),
      }),
    ]);
    await Promise.all([waiting.untilEnded(), alone.untilEnded()]);
    expect(push.text).toMatch(/^:ok\n\n(event: .*\nid: .*\ndata: .*\n\n)*:keepalive\n\n/);
    for (const { text } of [waiting, alone]) {
      expect(text.match(/:keepalive\n\n/g)).toHaveLength(1);
      expect(text.replace(/(^|\n\n):keepalive\n\n/, "$1")).not.toContain("keepalive");
    }
    expect(alone.events.at(-1)?.message).toMatchObject({
      result: { structuredContent: { ok: true } },
    });
    push.close();
  });
});

describe("refusals", () => {
  test("GET with an unknown session is 404 -32001, without one 400 -32000, with the stateless revision 405", async () => {
    for (const url of [`${world.url}/mcp`, there.link]) {
      const unknown = await ask(url, sse("nobody"));
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        expect.objectContaining({ error: expect.objectContaining({ code: -32_001 }) }),
      ]);
      const none = await ask(url, { method: "GET", headers: { accept: "text/event-stream" } });
      expect([none.status, await none.json()]).toEqual([
        400,
        expect.objectContaining({ error: expect.objectContaining({ code: -32_000 }) }),
      ]);
      const headers = { accept: "text/event-stream", "mcp-protocol-version": "2026-07-28" };
      expect((await ask(url, { method: "GET", headers })).status).toBe(405);
    }
  });

  test("a browser's GET of a magic link isn't the edge's", async () => {
    const response = await fetch(there.link, { headers: { accept: "text/html" } });
    expect(response.headers.get("content-type")).not.toContain("event-stream");
    expect(await response.text()).not.toContain("jsonrpc");
  });

  test("a session id with another bearer, or none, is no session: 404 on POST, GET and DELETE", async () => {
    const url = `${world.url}/mcp`;
    const stranger = (await world.conversation()).bearer;
    const id = await open(url, there.bearer);
    for (const headers of [stranger, {}]) {
      const with_id = { "mcp-session-id": id, ...headers };
      const answers = await Promise.all([
        ask(url, { body: call("ams_peers"), headers: with_id }),
        ask(url, sse(id, headers)),
        ask(url, { method: "DELETE", headers: with_id }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      expect(await answers[0]?.json()).toMatchObject(NO_SESSION);
    }
    expect((await tool(url, id, "ams_peers", {}, there.bearer)).value.error).toBe("not_joined");
  });

  test("a guest's session is the guest's of its link alone", async () => {
    const other = await world.conversation();
    const id = await open(there.link);
    const headers = { "mcp-session-id": id };
    expect((await ask(other.link, { body: call("ams_peers"), headers })).status).toBe(404);
  });

  test.each([
    ["bad JSON", 400, { error: { code: -32_700 } }, { body: '{"jsonrpc":' }],
    ["a wrong Accept", 406, {}, { body: initialize(), headers: { accept: "application/json" } }],
    [
      "a content type that is not JSON",
      415,
      {},
      { body: initialize(), headers: { "content-type": "text/plain" } },
    ],
    [
      "JSON inside another content type's name",
      415,
      {},
      { body: initialize(), headers: { "content-type": "application/x-json" } },
    ],
    ["a method that it doesn't know", 405, {}, { method: "PUT", body: initialize() }],
  ])("%s is %i", async (_, status, body, request) => {
    for (const url of [`${world.url}/mcp`, there.link]) {
      const response = await ask(url, request);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject(body);
    }
  });

  test("a link without t is 400, of no conversation 404, with a wrong token 404, each as JSON-RPC with what to do", async () => {
    const plain = there.link.split("?")[0] ?? "";
    const cases: readonly (readonly [string, number, string])[] = [
      [plain, 400, "invalid_magic_link"],
      [`${plain}?t=`, 400, "invalid_magic_link"],
      [`${plain}-none?t=${WRONG_TOKEN}`, 404, "conversation_not_found"],
      [`${plain}?t=${WRONG_TOKEN}`, 404, "invalid_magic_link"],
      [`${plain}?t=garbage`, 404, "invalid_magic_link"],
    ];
    for (const [url, status, error] of cases) {
      const response = await ask(url, { body: initialize() });
      expect([response.status, await response.json()]).toEqual([
        status,
        {
          jsonrpc: "2.0",
          id: null,
          error: { code: -32_000, message: expect.stringMatching(/Ask .* link/), data: { error } },
        },
      ]);
      expect(response.headers.get("www-authenticate")).toBe(null);
    }
  });

  test("a bearer that is wrong is 401, on a link too, and never a guest", async () => {
    const wrong = [`Bearer ams_sk_${WRONG_TOKEN}`, "Bearer garbage", "Basic YTpi", "Bearer "];
    for (const authorization of wrong) {
      for (const url of [`${world.url}/mcp`, there.link]) {
        const bodies = [{ body: initialize() }, { body: stateless("server/discover") }];
        for (const request of bodies) {
          const response = await ask(url, { ...request, headers: { authorization } });
          expect(response.status).toBe(401);
          expect(await response.json()).toMatchObject({ error: "invalid_credential" });
          expect(response.headers.get("www-authenticate")).toContain("Bearer");
        }
      }
    }
  });

  test("a credential is checked on every request: rotated, it opens nothing a second later", async () => {
    const { account, bearer, link } = await world.conversation();
    const id = await open(link, bearer);
    await account.rotate({ graceS: 0 });
    const later = performance.now() + 5_000;
    let status = 200;
    while (status === 200 && performance.now() < later) {
      const response = await ask(link, {
        body: call("ams_peers"),
        headers: { "mcp-session-id": id, ...bearer },
      });
      await response.text();
      status = response.status;
    }
    expect(status).toBe(401);
    const renewed = { authorization: `Bearer ${account.credential}` };
    expect((await tool(link, id, "ams_peers", {}, renewed)).value.ok).toBe(true);
  });

  test("a body is at most 1 MiB", async () => {
    const padded = (bytes: number) => {
      const body = JSON.stringify(call("ams_peers", { magic_link: "" }));
      return body.replace('""', `"${"x".repeat(bytes - body.length)}"`);
    };
    const id = await open(there.link);
    const headers = { "mcp-session-id": id };
    expect((await ask(there.link, { body: padded(1_048_576), headers })).status).toBe(200);
    expect((await ask(there.link, { body: padded(1_048_577), headers })).status).toBe(413);
  });
});

describe("pages", () => {
  test("of loopback, the deployment's own, those that the operator lists and programs may speak; others get 403", async () => {
    const origins: readonly (readonly [string, number])[] = [
      ["http://localhost:6274", 200],
      ["http://127.0.0.1:1", 200],
      ["http://[::1]:80", 200],
      [world.url, 200],
      ["https://listed.example", 200],
      ["http://listed.example", 403],
      ["https://evil.example", 403],
      ["http://localhost.evil.example", 403],
      ["null", 403],
    ];
    for (const [origin, status] of origins) {
      const response = await ask(there.link, { body: initialize(), headers: { origin } });
      expect([origin, response.status]).toEqual([origin, status]);
      await response.text();
    }
  });

  test("a browser's client gets what it needs: preflight, its origin back, the session id exposed", async () => {
    const origin = "http://localhost:6274";
    const preflight = await ask(there.link, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "mcp-session-id",
      },
    });
    expect(preflight.status).toBe(204);
    const allowed = (preflight.headers.get("access-control-allow-headers") ?? "").split(", ");
    expect(allowed).toEqual(
      "authorization, content-type, accept, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id".split(
        ", ",
      ),
    );
    expect(preflight.headers.get("access-control-allow-methods")).toContain("DELETE");
    const response = await ask(there.link, { body: initialize(), headers: { origin } });
    await response.text();
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-expose-headers")).toContain("mcp-session-id");
  });
});

describe("the stateless era", () => {
  test("server/discover says who this is without a session", async () => {
    for (const url of [`${world.url}/mcp`, there.link]) {
      const body = stateless("server/discover");
      const response = await ask(url, { body, headers: statelessHeaders("server/discover") });
      expect(response.status).toBe(200);
      expect(response.headers.get("mcp-session-id")).toBeNull();
      const [answer] = await messages(response);
      expect(answer).toMatchObject({
        result: {
          supportedVersions: ["2026-07-28"],
          instructions: expect.stringContaining("ams_join"),
        },
      });
    }
  });

  test("its header checks hold: a header that disagrees with the body is 400", async () => {
    const body = stateless("tools/call", { name: "ams_peers", arguments: {} });
    for (const headers of [
      statelessHeaders("tools/list"),
      statelessHeaders("tools/call", "ams_send"),
      {},
    ]) {
      const response = await ask(there.link, { body, headers });
      expect([response.status, Object.keys((await response.json()) as object)]).toEqual([
        400,
        expect.arrayContaining(["error"]),
      ]);
    }
  });
});
