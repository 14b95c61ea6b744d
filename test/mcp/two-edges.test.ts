// Two edge processes, each served alone, behind a proxy that gives every request to the other one
// than the last.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type ServerProcess, startProcess } from "../cluster/server-process.ts";
import { repositoryRoot } from "../repository-root.ts";
import { connectNew } from "./clients.ts";
import {
  ask,
  call,
  EventStream,
  initialize,
  open,
  stateless,
  statelessHeaders,
  tokens,
  tool,
  toolAlone,
} from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

/** What the processes of one deployment share. */
const SECRET = "s3cret-of-all-mcp-processes-of-this-test";

type Edge = { readonly url: string; readonly admin: string; readonly process: ServerProcess };

let world: World;
let folder: string;
let edges: readonly [Edge, Edge];
let proxy: Server;
let mcp: string;
/** Where the next request goes; null takes turns. */
let only: Edge | null = null;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), "ams-edges-"));
  edges = [await startEdge("one"), await startEdge("two")];
  const opened = await startProxy();
  proxy = opened.proxy;
  mcp = `${opened.url}/mcp`;
});

beforeEach(() => {
  only = null;
});

afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await Promise.all(edges.map(({ process }) => process.kill()));
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the stateless era on either process", () => {
  test("the official client of an account joins, sends and receives, whoever answers", async () => {
    const { link, bearer } = await world.conversation();
    const watcher = await Watcher.join(link);
    const { any } = await connectNew(mcp, "wanderer", bearer);
    const joined = await any.call("ams_join", { magic_link: link });
    const named = { magic_link: link, handle: joined.handle };
    for (let at = 0; at < 6; at += 1) {
      const sent = await any.call("ams_send", { data: String(at), ...named });
      expect(sent.stream_name).toBe(joined.stream_name);
    }
    await watcher.until((heard) => heard.filter((line) => line.includes(": ")).length === 6);
    const said = watcher.heard.filter((line) => line.includes(": "));
    expect(said).toEqual([0, 1, 2, 3, 4, 5].map((at) => `${joined.stream_name}: ${at}`));
    expect(watcher.heard.filter((line) => line.startsWith("+"))).toHaveLength(1);
    await any.close();
    await watcher.connection.close();
  });

  test("a guest's calls are known by its handle, with its link and nobody else's; without one they are refused", async () => {
    const { link } = await world.conversation();
    const [one, two] = [await world.conversation(), await world.conversation()];
    const { value: joined } = await toolAlone(mcp, "ams_join", { magic_link: link });
    const guest = { magic_link: link, handle: joined.handle };
    for (let at = 0; at < 4; at += 1) {
      const { value } = await toolAlone(mcp, "ams_send", { ...guest, data: "x" });
      expect(value).toMatchObject({ ok: true, stream_name: joined.stream_name });
    }
    const named = { magic_link: link, stream_name: joined.stream_name, data: "x" };
    expect((await toolAlone(mcp, "ams_send", named)).value).toMatchObject({
      error: "name_taken",
      message: expect.stringContaining("handle"),
    });
    expect((await toolAlone(mcp, "ams_recv", { magic_link: link })).value.error).toBe(
      "handle_required",
    );
    const cases = [
      [{ handle: joined.handle }, {}, "unknown_handle"],
      [{ handle: joined.handle }, one.bearer, "unknown_handle"],
      [{ handle: joined.handle, magic_link: two.link }, {}, "conversation_mismatch"],
      [{ handle: `${joined.handle}x`, magic_link: link }, {}, "unknown_handle"],
    ] as const;
    for (const [given, headers, error] of cases) {
      const answer = await toolAlone(mcp, "ams_send", { ...given, data: "x" }, headers);
      expect(answer.value.error).toBe(error);
    }
    expect((await toolAlone(mcp, "ams_leave", guest)).value.ok).toBe(true);
  });

  test("an account's handle is enough with its bearer, on a process that never saw it", async () => {
    const { link, bearer } = await world.conversation();
    [only] = edges;
    const { value: joined } = await toolAlone(mcp, "ams_join", { magic_link: link }, bearer);
    only = edges[1];
    const given = { handle: joined.handle, data: "from the other one" };
    const { value } = await toolAlone(mcp, "ams_send", given, bearer);
    expect(value).toMatchObject({ ok: true, stream_name: joined.stream_name });
    const stranger = (await world.conversation()).bearer;
    const refused = await toolAlone(mcp, "ams_send", given, stranger);
    expect(refused.value.error).toBe("unknown_handle");
  });
});

describe("sessions on either process", () => {
  test("a session of one is served by the other, under the same names; not one that was deleted, nor somebody else's", async () => {
    const { link, bearer } = await world.conversation();
    const watcher = await Watcher.join(link);
    const at = (edge: Edge) => link.replace(world.url, edge.url);
    const [here, there] = [at(edges[0]), at(edges[1])];
    const session = await open(here, {}, "Wanderer");
    const { value: joined } = await tool(here, session, "ams_join");
    const { value: sent } = await tool(there, session, "ams_send", { data: "hello" });
    expect(sent).toMatchObject({ ok: true, stream_name: joined.stream_name });
    const { handle } = joined;
    const again = await tool(there, session, "ams_send", { handle, data: "by its handle" });
    expect(again.value).toMatchObject({ ok: true, stream_name: joined.stream_name });
    await watcher.until((heard) => heard.some((line) => line.endsWith(": by its handle")));
    expect(watcher.heard.filter((line) => line.startsWith("+"))).toHaveLength(1);
    const headers = { "mcp-session-id": session };
    const others = await ask(there, { body: call("ams_recv"), headers: { ...headers, ...bearer } });
    expect(others.status).toBe(404);
    const forged = `${session.slice(0, -1)}${session.endsWith("A") ? "B" : "A"}`;
    const wrong = { "mcp-session-id": forged };
    expect((await ask(there, { body: call("ams_recv"), headers: wrong })).status).toBe(404);
    expect((await ask(there, { method: "DELETE", headers })).status).toBe(204);
    expect((await ask(there, { body: call("ams_recv"), headers })).status).toBe(404);
    await watcher.connection.close();
  });
});

test("killing one mid-conversation: without replay who listens on the other one, or reads without a cursor, is notified that something may be lost", async () => {
  const { link, id, bearer } = await world.conversation();
  const watcher = await Watcher.join(link);
  const spare = await startEdge("spare");
  only = spare;
  const listen = (handle: unknown) =>
    EventStream.open(mcp, {
      body: stateless("subscriptions/listen", {
        notifications: {
          resourceSubscriptions: [`ams://conversations/${id}?handle=${handle}`],
        },
      }),
      headers: { ...statelessHeaders("subscriptions/listen"), ...bearer },
    });
  const names = ["listener", "reader"];
  const handles: unknown[] = [];
  for (const stream_name of names) {
    const { value } = await toolAlone(mcp, "ams_join", { magic_link: link, stream_name }, bearer);
    handles.push(value.handle);
  }
  const before = await listen(handles[0]);
  await watcher.connection.send("before");
  await before.until(() => before.text.includes("before"));
  expect(before.text).not.toContain("truncated");
  await spare.process.kill("SIGKILL");
  await watcher.until((heard) => names.every((name) => heard.includes(`-${name}`)));
  await watcher.connection.send("lost with it");
  const here = link.replace(world.url, edges[1].url);
  const again = await EventStream.open(here, {
    body: stateless("subscriptions/listen", {
      notifications: {
        resourceSubscriptions: [`ams://conversations/${id}?handle=${handles[0]}`],
      },
    }),
    headers: { ...statelessHeaders("subscriptions/listen"), ...bearer },
  });
  await again.until(() => again.text.includes("notifications/ams/truncated"));
  const reader = { magic_link: link, handle: handles[1] };
  only = edges[1];
  expect((await toolAlone(mcp, "ams_recv", reader, bearer)).value).toMatchObject({
    truncated: true,
    events: [{ kind: "truncated", dropped: null }],
  });
  await watcher.connection.send("after");
  await again.until(() => again.text.includes('"after"'));
  expect(again.text.indexOf("truncated")).toBeLessThan(again.text.indexOf('"after"'));
  for (const stream of [before, again]) stream.close();
  await watcher.connection.close();
});

test("killing one mid-conversation: without replay the next answer, on the other one, says truncated, and what follows is all there", async () => {
  const { link, bearer } = await world.conversation();
  const watcher = await Watcher.join(link);
  [only] = edges;
  const named = { magic_link: link, stream_name: "survivor" };
  const { value: joined } = await toolAlone(mcp, "ams_join", named, bearer);
  const own = { magic_link: link, handle: joined.handle };
  await watcher.connection.send("before");
  const first = await toolAlone(mcp, "ams_recv", { ...own, wait_ms: 5_000 }, bearer);
  expect(tokens(first)).toEqual(["before"]);
  await edges[0].process.kill("SIGKILL");
  await watcher.until((heard) => heard.includes("-survivor"));
  await watcher.connection.send("lost with it");
  only = edges[1];
  const cursor = first.value.next_cursor;
  const next = await toolAlone(mcp, "ams_recv", { ...own, cursor, wait_ms: 100 }, bearer);
  expect(next.value).toMatchObject({ ok: true, truncated: true });
  await watcher.connection.send("after");
  const after = await toolAlone(
    mcp,
    "ams_recv",
    { ...own, cursor: next.value.next_cursor, wait_ms: 5_000 },
    bearer,
  );
  expect(tokens(after)).toEqual(["after"]);
  expect(after.value).toMatchObject({ truncated: false });
  expect(joined.stream_id).toBe((await toolAlone(mcp, "ams_join", own, bearer)).value.stream_id);
  await watcher.connection.close();
});

test("killing one mid-conversation: with replay a handle and a cursor go on at the other one, with nothing lost and nothing twice", async () => {
  const { link, bearer } = await world.conversation({ replay: { ttlS: 600, maxBytes: 1_048_576 } });
  const watcher = await Watcher.join(link);
  const spare = await startEdge("spare-replay");
  only = spare;
  const { value: joined } = await toolAlone(mcp, "ams_join", { magic_link: link }, bearer);
  const own = { magic_link: link, handle: joined.handle };
  const said = Array.from({ length: 60 }, (_, n) => `w${n}`);
  const read: unknown[] = [];
  let cursor: unknown = joined.cursor;
  const readOn = async (wanted: number) => {
    while (read.length < wanted) {
      const got = await toolAlone(mcp, "ams_recv", { ...own, cursor, wait_ms: 5_000 }, bearer);
      expect(got.value).toMatchObject({ ok: true, truncated: false, dropped: 0 });
      read.push(...tokens(got));
      cursor = got.value.next_cursor;
    }
  };
  for (const word of said.slice(0, 30)) await watcher.connection.send(word);
  await readOn(30);
  for (const word of said.slice(30, 40)) await watcher.connection.send(word);
  await spare.process.kill("SIGKILL");
  await watcher.until((heard) => heard.includes(`-${joined.stream_name}`));
  for (const word of said.slice(40)) await watcher.connection.send(word);
  only = edges[1];
  await readOn(said.length);
  expect(read).toEqual(said);
  await watcher.connection.close();
});

test("served alone: ams_recv cut off by its client, before or after its answer began, has consumed nothing", async () => {
  const { link } = await world.conversation();
  const [, edge] = edges;
  const here = link.replace(world.url, edge.url);
  const session = await open(here);
  await tool(here, session, "ams_join");
  for (const version of ["2025-06-18", "2025-11-25"]) {
    const abort = new AbortController();
    const cut = ask(here, {
      body: call("ams_recv", { wait_ms: 20_000 }),
      headers: { "mcp-session-id": session, "mcp-protocol-version": version },
      signal: abort.signal,
    }).then(
      (response) => response.text(),
      () => "cut",
    );
    // The process has it when it answers what came after it.
    await tool(here, session, "ams_peers");
    abort.abort();
    expect(await cut.catch(() => "cut")).toBe("cut");
  }
  await tool(here, session, "ams_peers");
  const watcher = await Watcher.join(link);
  await watcher.connection.send("for whoever asks next");
  const next = await tool(here, session, "ams_recv", { wait_ms: 2_000 });
  const after = await tool(here, session, "ams_recv", { wait_ms: 300 });
  expect([...tokens(next), ...tokens(after)]).toEqual(["for whoever asks next"]);
  await watcher.connection.close();
});

test("served alone: sessions with push, addresses of links as the caller reaches them, metrics, and a stop in order", async () => {
  const { link, bearer } = await world.conversation();
  const [, edge] = edges;
  only = edge;
  const here = link.replace(world.url, edge.url);
  const opened = await ask(here, { body: initialize(), headers: bearer });
  const session = opened.headers.get("mcp-session-id") ?? "";
  await opened.text();
  await tool(here, session, "ams_join", { stream_name: "alone" }, bearer);
  const push = await EventStream.open(here, {
    method: "GET",
    headers: { accept: "text/event-stream", "mcp-session-id": session, ...bearer },
  });
  const watcher = await Watcher.join(link);
  await watcher.connection.send("hello");
  await push.until(() => push.notices("token").length === 1);
  const minted = await tool(here, session, "ams_create_conversation", {}, bearer);
  expect(minted.value.magic_link).toContain(edge.url);
  const brief = await EventStream.open(here, {
    method: "GET",
    headers: { accept: "text/event-stream", "mcp-session-id": session, ...bearer },
  });
  await push.untilEnded();
  brief.close();
  await expect
    .poll(async () =>
      (await (await fetch(`${edge.admin}/metrics`)).text()).includes("ams_mcp_listeners 0"),
    )
    .toBe(true);
  const last = await EventStream.open(here, {
    method: "GET",
    headers: { accept: "text/event-stream", "mcp-session-id": session, ...bearer },
  });
  const metrics = await (await fetch(`${edge.admin}/metrics`)).text();
  expect(metrics).toContain("ams_mcp_sessions ");
  expect(metrics).toMatch(
    /ams_mcp_requests_total\{era="session",method="POST",status="2xx"\} [1-9]/,
  );
  expect(metrics).toMatch(/ams_mcp_tool_calls_total\{tool="ams_join",outcome="ok"\} [1-9]/);
  const exit = edge.process.stop();
  await last.untilEnded();
  expect(await exit).toEqual({ code: 0, signal: null });
  await watcher.until((heard) => heard.includes("-alone"));
  await watcher.connection.close();
});

async function startEdge(name: string): Promise<Edge> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const admin = `http://127.0.0.1:${adminPort}`;
  const own = { HOST: "127.0.0.1", PORT: String(port), AMS_ADMIN_PORT: String(adminPort) };
  const process_ = await startProcess(
    {
      name: `mcp ${name}`,
      file: process.execPath,
      args: [join(repositoryRoot(), "edges", "mcp", "dist", "main.js")],
      env: { ...process.env, ...own, AMS_URL: world.url, AMS_MCP_SECRET: SECRET },
      logFile: join(folder, `${name}.log`),
    },
    async () => {
      try {
        return (await fetch(`${admin}/readyz`)).ok;
      } catch {
        return false;
      }
    },
  );
  return { url, admin, process: process_ };
}

async function startProxy(): Promise<{ readonly proxy: Server; readonly url: string }> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    turn += 1;
    const edge = only ?? edges[turn % 2] ?? edges[0];
    const { method, headers, url = "/" } = incoming;
    const forwarded = httpRequest(
      `${edge.url}${url}`,
      { ...(method && { method }), headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { proxy: server, url: `http://127.0.0.1:${port}` };
}
