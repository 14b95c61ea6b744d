// Durable subscriptions, who has them, and what all tools have in common.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectNew, connectOld } from "./clients.ts";
import { ask, ISO, initialize, type Json, open, tool, toolAlone } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;
let mcp: string;

beforeAll(async () => {
  world = await startWorld();
  mcp = `${world.url}/mcp`;
});

afterAll(() => world.stop());

describe("the rest", () => {
  test("ams_set_metadata replaces the stream's metadata and notifies the others, every key as it is", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const received = new Promise<Json>((resolve) => {
      watcher.connection.on("stream_metadata", ({ metadata }) => resolve(metadata));
    });
    const session = await open(link);
    const text = '{"status":"working","list":[1,{"a":null}],"__proto__":{"b":1},"constructor":{}}';
    const metadata: Json = JSON.parse(text);
    const { value } = await tool(link, session, "ams_set_metadata", { metadata });
    expect(value).toEqual({ ok: true, ts: expect.stringMatching(ISO) });
    expect(JSON.stringify(await received)).toBe(text);
    const other = await open(link);
    const { value: joined } = await tool(link, other, "ams_join", { stream_name: "other" });
    expect(JSON.stringify(joined.peers)).toContain(text);
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

describe("durable subscriptions", () => {
  test("the second of two live sessions gets seat_taken unless it says take_over, and the first doesn't take it back", async () => {
    const { link, bearer } = await world.conversation();
    const [first, second] = [await open(link, bearer), await open(link, bearer)];
    const named = { stream_name: "one-name" };
    await tool(link, first, "ams_join", named, bearer);
    const refused = await tool(link, second, "ams_join", named, bearer);
    expect(refused).toMatchObject({ isError: true, value: { error: "seat_taken" } });
    const taken = await tool(link, second, "ams_join", { ...named, take_over: true }, bearer);
    expect(taken.value).toMatchObject({ ok: true, resumed: true });
    for (const name of ["ams_recv", "ams_join"]) {
      expect((await tool(link, first, name, named, bearer)).value.error).toBe("seat_taken");
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
      .poll(async () => (await toolAlone(mcp, "ams_join", { magic_link: link })).value.error)
      .toBe("invalid_magic_link");
    // A yes about a link is kept for a second.
    await expect
      .poll(async () => (await ask(link, { body: initialize() })).text(), { timeout: 20_000 })
      .toMatch(/worked before, but it was revoked/);
    expect((await ask(link, { body: initialize() })).status).toBe(404);
    const other = await world.conversation();
    const there = await open(mcp);
    await tool(mcp, there, "ams_join", { magic_link: other.link });
    await other.account.close(other.alias);
    await expect
      .poll(async () => (await tool(mcp, there, "ams_send", { data: "x" })).value.error)
      .toBe("conversation_closed");
  });
});

test("every tool declares its schemas, the official clients check every answer against them, and peers' text is called what it is", async () => {
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
      if (["ams_join", "ams_recv", "ams_peers"].includes(name)) {
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
    }
    await expect(any.call("ams_recv")).rejects.toThrow("left");
    await any.close();
  }
});

test("a program's name of any length is no obstacle to a join", async () => {
  const { link } = await world.conversation();
  for (const name of ["x".repeat(2_000), "\u0001".repeat(2_000), "😀".repeat(2_000)]) {
    const session = await open(link, {}, name);
    expect((await tool(link, session, "ams_join")).value).toMatchObject({ ok: true });
  }
});

test("a subscription made by a send says whose program it is, as one that was joined", async () => {
  const { link } = await world.conversation();
  const watcher = await Watcher.join(link);
  const session = await open(link, {}, "Claude Code");
  await tool(link, session, "ams_send", { data: "x" });
  await watcher.until((heard) => heard.some((line) => line.endsWith(": x")));
  const [peer] = [...watcher.connection.peers.values()];
  expect(peer?.peerIdentity).toEqual({ kind: "agent", client: "Claude Code" });
  await watcher.connection.close();
});
