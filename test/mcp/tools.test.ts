// Which conversation a tool is about: made, joined, named, or none.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ISO, open, readUntil, tokens, tool, toolAlone } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;
let mcp: string;

beforeAll(async () => {
  world = await startWorld();
  mcp = `${world.url}/mcp`;
});

afterAll(() => world.stop());

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
      replay: { ttl_s: 3_600, max_bytes: 1_048_576 },
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
    const { value, text } = await tool(link, session, "ams_join", given);
    expect(text).toContain(`as ${value.stream_name}. Pass handle ${value.handle} to later calls.`);
    expect(text).toContain("Here: watcher.");
    expect(text).toContain("Instructions of its owner: Be brief.");
    expect(value).toEqual({
      ok: true,
      handle: expect.stringMatching(/^h1_[A-Za-z0-9_-]+$/),
      conversation_id,
      stream_id: expect.stringMatching(/^str_[0-9a-f]{26}$/),
      stream_name: expect.stringMatching(/^(claude-code|c-d)-[a-z0-9]{4}$/),
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
    for (const word of ["one", "two", "three"]) {
      await watcher.connection.send(word);
      await watcher.connection.endTurn();
    }
    await readUntil(link, session, 3);
    await tool(link, session, "ams_join", { stream_name: "r", last_n: 2 });
    const two = await tool(link, session, "ams_recv");
    expect(tokens(two)).toEqual(["two", "three"]);
    const since = two.value.events?.[1]?.cursor;
    await tool(link, session, "ams_join", { stream_name: "r", since });
    expect(tokens(await tool(link, session, "ams_recv"))).toEqual(["three"]);
    const bad = await tool(link, session, "ams_join", { since: "garbage" });
    expect(bad.value.error).toBe("invalid_cursor");
    await watcher.connection.close();
  });

  test("who comes late reads the last messages of a conversation that keeps them, whole", async () => {
    const { link } = await world.conversation({ replay: { ttlS: 600, maxBytes: 1_048_576 } });
    const watcher = await Watcher.join(link);
    for (const words of [["old"], ["one ", "and ", "more"], ["two"]]) {
      for (const word of words) await watcher.connection.send(word);
      await watcher.connection.endTurn();
    }
    const late = await open(link);
    await tool(link, late, "ams_join", { last_n: "2" });
    const read = await tool(link, late, "ams_recv", { format: "messages", wait_ms: 5_000 });
    const messages = read.value.messages as readonly { readonly text: string }[];
    expect(messages.map(({ text }) => text)).toEqual(["one and more", "two"]);
    const other = await open(link);
    await tool(link, other, "ams_join");
    expect(tokens(await tool(link, other, "ams_recv"))).toEqual([]);
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
    expect(sent.value).toMatchObject({ ok: true });
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

test("arguments that a model left blank, null or an empty text, are as if they were not given", async () => {
  const { link } = await world.conversation();
  const session = await open(link);
  const blank = { stream_name: null, magic_link: "", conversation_id: "" };
  const joined = await tool(link, session, "ams_join", {
    ...blank,
    since: "",
    peer_identity: null,
  });
  expect(joined.value).toMatchObject({ ok: true });
  const received = await tool(link, session, "ams_recv", { ...blank, cursor: "", wait_ms: null });
  expect(received.value).toMatchObject({ ok: true, stream_name: joined.value.stream_name });
  const unsaid = await tool(link, session, "ams_send", { ...blank, data: null });
  expect(unsaid.value.error).toBe("invalid_arguments");
  const alone = await toolAlone(link, "ams_recv", { magic_link: "", stream_name: "", handle: "" });
  expect(alone.value.error).toBe("handle_required");
});
