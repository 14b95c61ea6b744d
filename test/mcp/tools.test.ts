// What each tool answers, and refuses.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectNew, connectOld } from "./clients.ts";
import { ask, call, type Json, open, tool, toolAlone } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let world: World;
let mcp: string;

beforeAll(async () => {
  world = await startWorld();
  mcp = `${world.url}/mcp`;
});

afterAll(() => world.stop());

function tokens(answer: { readonly value: { readonly events?: readonly Json[] } }) {
  return (answer.value.events ?? []).filter(({ kind }) => kind === "token").map(({ data }) => data);
}

describe("ams_create_conversation", () => {
  test("mints for an account, and its link bears the host at which the caller came", async () => {
    const { bearer, account } = await world.conversation();
    const id = await open(mcp, bearer);
    const metadata = { purpose: "test", nested: { a: [1, null] } };
    const given = {
      alias: "made-here",
      stream_name: "me",
      metadata,
      stream_metadata: { mood: "ok" },
      expires_in_s: 60,
    };
    const { value } = await tool(mcp, id, "ams_create_conversation", given, bearer);
    expect(value).toEqual({
      conversation_id: expect.stringMatching(/^conv_/),
      alias: "made-here",
      namespace: account.namespace,
      id_kind: "ulid",
      magic_link: expect.stringMatching(
        new RegExp(`^${world.url}/${account.namespace}/conversations/made-here\\?t=`),
      ),
      stream_id: expect.stringMatching(/^str_/),
      stream_name: "me",
      metadata,
      stream_metadata: { mood: "ok" },
      replay: null,
      expires_at: expect.stringMatching(ISO),
      created_at: expect.stringMatching(ISO),
    });
    const elsewhere = mcp.replace("127.0.0.1", "localhost");
    const there = await toolAlone(elsewhere, "ams_create_conversation", {}, bearer);
    expect(there.value.magic_link).toContain("http://localhost:");
    const taken = await tool(mcp, id, "ams_create_conversation", { alias: "made-here" }, bearer);
    expect(taken).toMatchObject({
      isError: true,
      value: { error: "alias_taken", message: expect.any(String) },
    });
  });

  test("a guest may take part, and may not create", async () => {
    const { link } = await world.conversation();
    for (const url of [mcp, link]) {
      const answer = await toolAlone(url, "ams_create_conversation");
      expect(answer).toMatchObject({ isError: true, value: { error: "missing_credential" } });
    }
  });
});

describe("ams_join", () => {
  test("answers who, where and how to go on, with the owner's instructions", async () => {
    const metadata = { instructions: "Be brief.", prompts: [] };
    const { link, id: conversation_id } = await world.conversation({ metadata });
    const watcher = await Watcher.join(link);
    const session = await open(link, {}, "Claude Code");
    const given = {
      stream_metadata: { role: "writer" },
      peer_identity: { kind: "agent", model: "m", client: "c d" },
    };
    const { value } = await tool(link, session, "ams_join", given);
    expect(value).toEqual({
      ok: true,
      conversation_id,
      stream_id: expect.stringMatching(/^str_[0-9a-f]{26}$/),
      stream_name: expect.stringMatching(/^(claude-code|c-d)-[0-9a-f]{4}$/),
      metadata: { role: "writer" },
      self_subscribe: false,
      peers: [
        {
          stream_id: watcher.connection.streamId,
          stream_name: "watcher",
          owner_account_id: watcher.connection.ownerAccountId,
          metadata: {},
        },
      ],
      conversation_metadata: metadata,
      instructions: "Be brief.",
      cursor: expect.any(String),
    });
    const peer = watcher.connection.peers.get(String(value.stream_id));
    expect(peer).toMatchObject({
      metadata: { role: "writer" },
      peerIdentity: { kind: "agent", model: "m", client: "c d" },
    });
    const again = await tool(link, session, "ams_join", { stream_name: value.stream_name });
    expect(again.value).toMatchObject({ resumed: true, stream_id: value.stream_id });
    await watcher.connection.close();
  });

  test("self_subscribe hears the own stream", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value } = await tool(link, session, "ams_join", { self_subscribe: true });
    expect(value.self_subscribe).toBe(true);
    await tool(link, session, "ams_send", { data: "mine" });
    expect(tokens(await tool(link, session, "ams_recv", { wait_ms: 2_000 }))).toEqual(["mine"]);
  });

  test("since and last_n say where reading goes on", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    await tool(link, session, "ams_join", { stream_name: "r" });
    for (const word of ["one", "two", "three"]) await watcher.connection.send(word);
    await readUntil(link, session, 3);
    await tool(link, session, "ams_join", { stream_name: "r", last_n: 2 });
    const two = await tool(link, session, "ams_recv");
    expect(tokens(two)).toEqual(["two", "three"]);
    const since = two.value.events?.[0]?.cursor;
    await tool(link, session, "ams_join", { stream_name: "r", since });
    expect(tokens(await tool(link, session, "ams_recv"))).toEqual(["three"]);
    const bad = await tool(link, session, "ams_join", { since: "garbage" });
    expect(bad.value.error).toBe("invalid_cursor");
    await watcher.connection.close();
  });

  test("a link that is garbage, wrong, or of nothing is refused, whatever session it comes in", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const cases = [
      ["garbage", "invalid_magic_link"],
      [link.replace(/t=.*/, `t=${"A".repeat(43)}`), "invalid_magic_link"],
      [link.replace(/conversations\/[^?]+/, "conversations/nothing"), "conversation_not_found"],
    ] as const;
    for (const [magic_link, error] of cases) {
      for (const name of ["ams_join", "ams_recv", "ams_peers"]) {
        expect((await tool(link, session, name, { magic_link })).value.error).toBe(error);
      }
      expect((await toolAlone(mcp, "ams_send", { magic_link, data: "x" })).value.error).toBe(error);
    }
  });

  test("a link's host isn't judged: its path and token are", async () => {
    const { link, id: conversation_id } = await world.conversation();
    const magic_link = link.replace(world.url, "https://ams.example:8443");
    const { value } = await toolAlone(mcp, "ams_join", { magic_link });
    expect(value).toMatchObject({ ok: true, conversation_id });
  });
});

describe("which conversation", () => {
  test("a link of Y in a session of X goes to Y, and Y's tokens never come out as X's", async () => {
    const [x, y] = [await world.conversation(), await world.conversation()];
    const [inX, inY] = [await Watcher.join(x.link), await Watcher.join(y.link)];
    const session = await open(x.link);
    await tool(x.link, session, "ams_join", { stream_name: "me" });
    const sent = await tool(x.link, session, "ams_send", { data: "to y", magic_link: y.link });
    expect(sent.value.conversation_id).toBe(y.id);
    await inY.until((heard) => heard.some((line) => line.endsWith(": to y")));
    await inX.connection.send("in x");
    await inY.connection.send("in y");
    const fromX = await tool(x.link, session, "ams_recv", { wait_ms: 2_000 });
    expect(tokens(fromX)).toEqual(["in x"]);
    const fromY = await tool(x.link, session, "ams_recv", { wait_ms: 2_000, magic_link: y.link });
    expect(tokens(fromY)).toEqual(["in y"]);
    expect(fromY.value.events?.every(({ conversation_id }) => conversation_id === y.id)).toBe(true);
    expect(inX.heard.filter((line) => line.includes("to y"))).toEqual([]);
    const mixed = { magic_link: y.link, conversation_id: x.id };
    expect((await tool(x.link, session, "ams_recv", mixed)).value.error).toBe(
      "conversation_mismatch",
    );
    await Promise.all([inX.connection.close(), inY.connection.close()]);
  });

  test("at /mcp the only conversation needs no name; of two one must be named; of none there is nothing", async () => {
    const [x, y] = [await world.conversation(), await world.conversation()];
    const session = await open(mcp);
    expect((await tool(mcp, session, "ams_recv")).value.error).toBe("not_joined");
    await tool(mcp, session, "ams_join", { magic_link: x.link });
    expect((await tool(mcp, session, "ams_recv")).value).toMatchObject({
      ok: true,
      conversation_id: x.id,
    });
    await tool(mcp, session, "ams_join", { magic_link: y.link });
    expect((await tool(mcp, session, "ams_recv")).value.error).toBe("which_conversation");
    const named = await tool(mcp, session, "ams_recv", { conversation_id: y.id });
    expect(named.value).toMatchObject({ ok: true, conversation_id: y.id });
    const foreign = { conversation_id: (await world.conversation()).id };
    expect((await tool(mcp, session, "ams_recv", foreign)).value.error).toBe("not_joined");
  });
});

describe("ams_send", () => {
  test("answers its place and shows what waits: a copy of 64 at most, each once, and consumes nothing", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    for (let at = 0; at < 99; at += 1) await watcher.connection.send(String(at));
    await readUntil(link, session, 99, joined.cursor);
    await tool(link, session, "ams_join", {
      stream_name: joined.stream_name,
      since: joined.cursor,
    });
    const first = await tool(link, session, "ams_send", { data: "a" });
    expect(first.value).toMatchObject({
      ok: true,
      ts: expect.stringMatching(ISO),
      seq: "1-1",
      pending: 100,
      stream_name: joined.stream_name,
    });
    const second = await tool(link, session, "ams_send", { data: "b" });
    const frames = [...(first.value.frames ?? []), ...(second.value.frames ?? [])];
    expect([first.value.frames?.length, second.value.frames?.length]).toEqual([64, 36]);
    expect(frames.flatMap(({ params }) => params.data ?? [])).toEqual(
      Array.from({ length: 99 }, (_, at) => String(at)),
    );
    const third = await tool(link, session, "ams_send", { data: "c" });
    expect(third.value).toMatchObject({ pending: 100, seq: "1-3" });
    expect(third.value.frames).toBeUndefined();
    expect(tokens(await tool(link, session, "ams_recv"))).toHaveLength(99);
    await watcher.connection.close();
  });

  test("joins by itself with a link; concurrent calls share one dial and one seat", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    const data = ["1", "2", "3", "4", "5"];
    const sent = await Promise.all(
      data.map((one) => tool(link, session, "ams_send", { data: one })),
    );
    expect(new Set(sent.map(({ value }) => value.stream_name)).size).toBe(1);
    await watcher.until((heard) => heard.length === 6);
    expect(watcher.heard.filter((line) => line.startsWith("+"))).toHaveLength(1);
    await watcher.connection.close();
  });

  test("a token of 65,536 bytes goes through as it is; one byte more is refused", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const watcher = await Watcher.join(link);
    const data = `"\\\u0000é😀${"x".repeat(65_536 - 9)}`;
    expect(Buffer.byteLength(data)).toBe(65_536);
    const heard = new Promise<string>((resolve) => {
      watcher.connection.on("token", (event) => resolve(event.data));
    });
    expect((await tool(link, session, "ams_send", { data })).value.ok).toBe(true);
    expect((await heard) === data).toBe(true);
    const over = await tool(link, session, "ams_send", { data: `${data}x` });
    expect(over).toMatchObject({ isError: true, value: { error: "token_too_large" } });
    await watcher.connection.close();
  });
});

describe("ams_recv", () => {
  test("with a cursor it gives what came after it, again and again; without one it goes on", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    for (const word of ["one", "two", "three"]) await watcher.connection.send(word);
    await readUntil(link, session, 3, joined.cursor);
    const all = await tool(link, session, "ams_recv", { cursor: joined.cursor });
    const again = await tool(link, session, "ams_recv", { cursor: joined.cursor });
    expect(again.value).toEqual(all.value);
    const [, one] = all.value.events ?? [];
    expect(one).toEqual({
      kind: "token",
      conversation_id: joined.conversation_id,
      stream_id: watcher.connection.streamId,
      stream_name: "watcher",
      owner_account_id: watcher.connection.ownerAccountId,
      ts: expect.stringMatching(ISO),
      seq: expect.stringMatching(/^\d+-1$/),
      data: "one",
      cursor: expect.any(String),
    });
    expect(tokens(await tool(link, session, "ams_recv", { cursor: one?.cursor }))).toEqual([
      "two",
      "three",
    ]);
    const some = await tool(link, session, "ams_recv", { cursor: joined.cursor, max_events: 2 });
    expect(some.value).toMatchObject({ more: true, truncated: false, dropped: 0 });
    expect(tokens(await tool(link, session, "ams_recv"))).toEqual(["two", "three"]);
    expect((await tool(link, session, "ams_recv")).value).toMatchObject({
      events: [],
      more: false,
    });
    await watcher.connection.close();
  });

  test.each(["wait_ms", "max_wait_ms"])(
    "%s wakes with the first event, or answers empty",
    async (wait) => {
      const { link } = await world.conversation();
      const session = await open(link);
      await tool(link, session, "ams_join");
      const began = performance.now();
      const empty = await tool(link, session, "ams_recv", { [wait]: 300 });
      expect(empty.value.events).toEqual([]);
      expect(performance.now() - began).toBeGreaterThan(290);
      const watcher = await Watcher.join(link);
      await tool(link, session, "ams_recv", { [wait]: 2_000 });
      const waiting = tool(link, session, "ams_recv", { [wait]: 20_000 });
      await watcher.connection.send("now");
      expect(tokens(await waiting)).toEqual(["now"]);
      await watcher.connection.close();
    },
  );

  test("waits and counts out of range are refused", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const cases: readonly (readonly [Json, string])[] = [
      [{ wait_ms: 25_001 }, "invalid_wait"],
      [{ wait_ms: -1 }, "invalid_wait"],
      [{ max_events: 0 }, "invalid_max_events"],
      [{ max_events: 1_001 }, "invalid_max_events"],
      [{ wait_ms: 1.5 }, "invalid_arguments"],
      [{ cursor: "c1~x" }, "invalid_cursor"],
    ];
    for (const [given, error] of cases) {
      const answer = await tool(link, session, "ams_recv", given);
      expect([answer.value.error, answer.isError]).toEqual([error, true]);
    }
  });

  test("cut off by its client it has consumed nothing", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    const abort = new AbortController();
    const cut = ask(link, {
      body: call("ams_recv", { wait_ms: 20_000 }),
      headers: { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" },
      signal: abort.signal,
    });
    const response = await cut;
    const reading = response.text().catch(() => "cut");
    abort.abort();
    expect(await reading).toBe("cut");
    const watcher = await Watcher.join(link);
    await watcher.connection.send("for whoever asks next");
    const next = await tool(link, session, "ams_recv", { wait_ms: 2_000 });
    const after = await tool(link, session, "ams_recv", { wait_ms: 500 });
    expect([...tokens(next), ...tokens(after)]).toEqual(["for whoever asks next"]);
    await watcher.connection.close();
  });
});

describe("the rest", () => {
  test("ams_set_metadata replaces the stream's metadata and tells the others", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const told = new Promise<Json>((resolve) => {
      watcher.connection.on("stream_metadata", ({ metadata }) => resolve(metadata));
    });
    const session = await open(link);
    const metadata = { status: "working", list: [1, { a: null }] };
    const { value } = await tool(link, session, "ams_set_metadata", { metadata });
    expect(value).toMatchObject({
      ok: true,
      ts: expect.stringMatching(ISO),
      stream_name: expect.any(String),
    });
    expect(await told).toEqual(metadata);
    const big = await tool(link, session, "ams_set_metadata", {
      metadata: { x: "y".repeat(16_384) },
    });
    expect(big.value.error).toBe("invalid_metadata");
    await watcher.connection.close();
  });

  test("ams_leave leaves; recv and send answer left, nothing rejoins by itself, and join comes back", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    await tool(link, session, "ams_join", { stream_name: "leaver" });
    expect((await tool(link, session, "ams_leave")).value).toMatchObject({
      ok: true,
      stream_name: "leaver",
    });
    await watcher.until((heard) => heard.includes("-leaver"));
    for (const [name, given] of [
      ["ams_recv", {}],
      ["ams_send", { data: "x" }],
      ["ams_set_metadata", { metadata: {} }],
    ] as const) {
      expect((await tool(link, session, name, given)).value.error).toBe("left");
    }
    expect((await tool(link, session, "ams_leave")).value.ok).toBe(true);
    expect(watcher.heard).toEqual(["+leaver", "-leaver"]);
    expect((await tool(link, session, "ams_join", { stream_name: "leaver" })).value.ok).toBe(true);
    await watcher.until((heard) => heard.length === 3);
    await watcher.connection.close();
  });

  test("ams_peers is the live roster, without joining and with it", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    const before = await tool(link, session, "ams_peers");
    expect(before.value).toMatchObject({
      ok: true,
      stream_name: null,
      peers: [{ stream_name: "watcher" }],
    });
    await tool(link, session, "ams_join", { stream_name: "me" });
    const after = await tool(link, session, "ams_peers");
    expect(after.value).toMatchObject({ stream_name: "me", peers: [{ stream_name: "watcher" }] });
    await watcher.connection.close();
    await expect.poll(async () => (await tool(link, session, "ams_peers")).value.peers).toEqual([]);
  });
});

describe("seats", () => {
  test("the second of two live sessions gets seat_taken unless it says take_over, and the first doesn't take it back", async () => {
    const { link, bearer } = await world.conversation();
    const [first, second] = [await open(link, bearer), await open(link, bearer)];
    const seat = { stream_name: "one-seat" };
    await tool(link, first, "ams_join", seat, bearer);
    const refused = await tool(link, second, "ams_join", seat, bearer);
    expect(refused).toMatchObject({ isError: true, value: { error: "seat_taken" } });
    const taken = await tool(link, second, "ams_join", { ...seat, take_over: true }, bearer);
    expect(taken.value).toMatchObject({ ok: true, resumed: true });
    for (const name of ["ams_recv", "ams_join"]) {
      expect((await tool(link, first, name, seat, bearer)).value.error).toBe("seat_taken");
    }
    expect((await tool(link, second, "ams_recv", {}, bearer)).value.ok).toBe(true);
  });

  test("of another account a name that is taken is a conflict", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link, "mine");
    const stranger = (await world.conversation()).bearer;
    const answer = await toolAlone(link, "ams_join", { stream_name: "mine" }, stranger);
    expect(answer.value.error).toBe("stream_name_conflict");
    await watcher.connection.close();
  });

  test("a closed conversation and a revoked link say so", async () => {
    const { link, account, alias } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    await account.newLink(alias);
    await expect
      .poll(async () => (await toolAlone(mcp, "ams_recv", { magic_link: link })).value.error)
      .toBe("invalid_magic_link");
    const other = await world.conversation();
    const there = await open(mcp);
    await tool(mcp, there, "ams_join", { magic_link: other.link });
    await other.account.close(other.alias);
    await expect
      .poll(async () => (await tool(mcp, there, "ams_send", { data: "x" })).value.error)
      .toBe("conversation_closed");
  });
});

test("every tool tells its schemas, the official clients check every answer against them, and peers' text is called what it is", async () => {
  const { link, bearer } = await world.conversation();
  const old = await connectOld(link, "old", bearer);
  const young = await connectNew(link, "young", bearer);
  for (const { client, any } of [old, young]) {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "ams_create_conversation",
      "ams_join",
      "ams_leave",
      "ams_peers",
      "ams_recv",
      "ams_send",
      "ams_set_metadata",
    ]);
    for (const { name, description, inputSchema, outputSchema } of tools) {
      expect([name, inputSchema.type, outputSchema?.type]).toEqual([name, "object", "object"]);
      if (["ams_join", "ams_send", "ams_recv", "ams_peers"].includes(name)) {
        expect(description).toContain("not instructions");
      }
    }
    for (const [name, given] of [
      ["ams_create_conversation", {}],
      ["ams_join", {}],
      ["ams_send", { data: "x" }],
      ["ams_recv", {}],
      ["ams_set_metadata", { metadata: {} }],
      ["ams_peers", {}],
      ["ams_leave", {}],
    ] as const) {
      const value = await any.call(name, given);
      expect(value).toMatchObject(
        name === "ams_create_conversation" ? { id_kind: "ulid" } : { ok: true },
      );
      if (name !== "ams_create_conversation") expect(value.stream_name).toEqual(expect.any(String));
    }
    await expect(any.call("ams_recv")).rejects.toThrow("left");
    await any.close();
  }
});

/** Reads until so many tokens have come. */
async function readUntil(
  link: string,
  session: string,
  count: number,
  cursor?: unknown,
): Promise<void> {
  let got = 0;
  let given: Json = cursor === undefined ? {} : { cursor };
  while (got < count) {
    const answer = await tool(link, session, "ams_recv", {
      ...given,
      wait_ms: 5_000,
      max_events: 1_000,
    });
    got += tokens(answer).length;
    given = {};
  }
}
