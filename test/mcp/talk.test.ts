// Sending and receiving by tools.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, call, ISO, open, readUntil, tokens, tool } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;
let _mcp: string;

beforeAll(async () => {
  world = await startWorld();
  _mcp = `${world.url}/mcp`;
});

afterAll(() => world.stop());

describe("ams_send", () => {
  test("answers its place, who it spoke as, and how many finished messages wait, and consumes nothing", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    for (const word of ["one", "two", "three"]) {
      await watcher.connection.send(word);
      await watcher.connection.endTurn();
    }
    await watcher.connection.send("not finished");
    await readUntil(link, session, 4, joined.cursor);
    const { cursor: since } = joined;
    await tool(link, session, "ams_join", { stream_name: joined.stream_name, since });
    for (const [data, seq] of [
      ["a", "1-1"],
      ["b", "1-3"],
    ] as const) {
      const sent = await tool(link, session, "ams_send", { data });
      expect(sent.value).toEqual({
        ok: true,
        ts: expect.stringMatching(ISO),
        seq,
        pending: 3,
        stream_name: joined.stream_name,
        handle: joined.handle,
      });
      expect(sent.text).toBe("Sent. 3 finished messages wait: call ams_recv.");
    }
    expect(tokens(await tool(link, session, "ams_recv"))).toHaveLength(4);
    await watcher.connection.close();
  });

  test("ends its turn unless more follows", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const watcher = await Watcher.join(link);
    const all: string[] = [];
    watcher.connection.on("token", ({ data }) => all.push(data));
    await tool(link, session, "ams_send", { data: "Hel", more: true });
    await tool(link, session, "ams_send", { data: "lo" });
    await watcher.until((heard) => heard.length === 3);
    await expect.poll(() => all).toEqual(["Hel", "lo", '{"ams.convention.v1":"end_of_turn"}']);
    await watcher.connection.close();
  });

  test("joins by itself with a link; concurrent calls share one dial and one subscription", async () => {
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
      const isOld = wait === "max_wait_ms";
      expect(empty.value[isOld ? "frames" : "events"]).toEqual([]);
      expect(performance.now() - began).toBeGreaterThan(290);
      const watcher = await Watcher.join(link);
      await tool(link, session, "ams_recv", { [wait]: 2_000 });
      const waiting = tool(link, session, "ams_recv", { [wait]: 20_000 });
      await watcher.connection.send("now");
      const { value } = await waiting;
      const heard = isOld ? value.frames?.map(({ params }) => params.data) : tokens({ value });
      expect(heard).toEqual(["now"]);
      await watcher.connection.close();
    },
  );

  test("numbers are taken as text and brought into their range; what can't be meant is refused", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    await watcher.connection.send("x");
    for (const given of [{ wait_ms: "1000" }, { wait_ms: 99_999 }, { wait_ms: 1.5 }]) {
      const answer = await tool(link, session, "ams_recv", { ...given, max_events: "5000" });
      expect([answer.value.ok, given]).toEqual([true, given]);
      await watcher.connection.send("again");
    }
    for (const [given, error] of [
      [{ wait_ms: "soon" }, "invalid_arguments"],
      [{ kinds: ["words"] }, "invalid_arguments"],
      [{ cursor: "c1~x" }, "invalid_cursor"],
      [{ handle: "h1_x" }, "unknown_handle"],
    ] as const) {
      const answer = await tool(link, session, "ams_recv", given);
      expect([answer.value.error, answer.isError]).toEqual([error, true]);
    }
    await watcher.connection.close();
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
