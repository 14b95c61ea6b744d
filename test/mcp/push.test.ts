// Push: every event as a notification, over the stream of a GET and on the answers of POSTs.
import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, EventStream, initialize, type Json, open, sse, tool } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

describe("the push stream", () => {
  test("brings tokens, metadata, comings and goings with the wire's fields, once each, in order", async () => {
    const { link, id: conversation_id } = await world.conversation();
    const session = await open(link);
    await tool(link, session, "ams_join");
    const push = await EventStream.open(link, sse(session));
    const watcher = await Watcher.join(link, "ada");
    await watcher.connection.send("hello");
    await watcher.connection.setMetadata({ mood: "ok" });
    await watcher.connection.close();
    await push.until(() => push.notices("stream_left").length === 1);
    const { streamId: stream_id, ownerAccountId: owner_account_id } = watcher.connection;
    const common = {
      conversation_id,
      stream_id,
      stream_name: "ada",
      owner_account_id,
      ts: expect.any(String),
      cursor: expect.any(String),
    };
    expect(push.events.map(({ message }) => message)).toEqual([
      {
        jsonrpc: "2.0",
        method: "notifications/ams/stream_joined",
        params: { ...common, metadata: {} },
      },
      {
        jsonrpc: "2.0",
        method: "notifications/ams/token",
        params: { ...common, seq: expect.stringMatching(/-1$/), data: "hello" },
      },
      {
        jsonrpc: "2.0",
        method: "notifications/ams/stream_metadata",
        params: { ...common, seq: expect.stringMatching(/-2$/), metadata: { mood: "ok" } },
      },
      {
        jsonrpc: "2.0",
        method: "notifications/ams/stream_left",
        params: { ...common, seq: expect.stringMatching(/-2$/) },
      },
    ]);
    expect(push.events.map(({ id }) => id)).toEqual(
      push.events.map(({ message }) => (message.params as Json).cursor),
    );
    const { value } = await tool(link, session, "ams_recv", { format: "frames" });
    expect(value.frames?.map(({ params }) => params)).toEqual(
      push.events.map(({ message }) => message.params),
    );
    push.close();
  });

  test("opened before the join it pushes what comes after it; of all conversations of the session", async () => {
    const [x, y] = [await world.conversation(), await world.conversation()];
    const url = `${world.url}/mcp`;
    const session = await open(url);
    const push = await EventStream.open(url, sse(session));
    await tool(url, session, "ams_join", { magic_link: x.link });
    await tool(url, session, "ams_join", { magic_link: y.link });
    for (const { link } of [x, y]) {
      const watcher = await Watcher.join(link);
      await watcher.connection.send("hi");
      await watcher.connection.close();
    }
    await push.until(() => push.notices("token").length === 2);
    expect(push.notices("token").map((params) => params.conversation_id)).toEqual([x.id, y.id]);
    push.close();
  });

  test("says closed with the wire's code when the conversation is closed, and when another session takes the subscription", async () => {
    const { link, id: conversation_id, account, alias, bearer } = await world.conversation();
    const [first, second] = [await open(link, bearer), await open(link, bearer)];
    const named = { stream_name: "s" };
    await tool(link, first, "ams_join", named, bearer);
    const [pushFirst, pushSecond] = [
      await EventStream.open(link, sse(first, bearer)),
      await EventStream.open(link, sse(second, bearer)),
    ];
    await tool(link, second, "ams_join", { ...named, take_over: true }, bearer);
    await pushFirst.until(() => pushFirst.notices("closed").length === 1);
    expect(pushFirst.notices("closed")).toEqual([
      { conversation_id, ...named, code: 4001, reason: "seat_taken" },
    ]);
    await account.close(alias);
    await pushSecond.until(() => pushSecond.notices("closed").length === 1);
    expect(pushSecond.notices("closed")).toEqual([
      { conversation_id, ...named, code: 4005, reason: "conversation_closed" },
    ]);
    for (const push of [pushFirst, pushSecond]) push.close();
  });
});

describe("ride-along", () => {
  test("without a push stream the answer of ams_send brings the notifications on its own stream, before the result, each once", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    await watcher.connection.send("hello");
    await expect
      .poll(
        async () =>
          (await tool(link, session, "ams_recv", { cursor: joined.cursor })).value.events?.length,
      )
      .toBe(2);
    await tool(link, session, "ams_join", {
      stream_name: joined.stream_name,
      since: joined.cursor,
    });
    const sent = await tool(link, session, "ams_send", { data: "x" });
    expect(sent.before.map(({ method }) => method).filter(Boolean)).toEqual([
      "notifications/ams/stream_joined",
      "notifications/ams/token",
    ]);
    expect(sent.before.flatMap(({ params }) => (params as Json | undefined)?.data ?? [])).toEqual([
      "hello",
    ]);
    expect(
      (await tool(link, session, "ams_send", { data: "y" })).before.filter(({ method }) => method),
    ).toEqual([]);
    await watcher.connection.close();
  });
});

describe("unasked", () => {
  test("nobody is pushed to but who asks: by the join, the GET, a browser's Origin, or a capability", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const initial = {
      ...initialize(),
      params: { ...(initialize().params as Json), capabilities: {} },
    };
    const begin = async () => {
      const response = await ask(link, { body: initial });
      await response.text();
      return response.headers.get("mcp-session-id") ?? "";
    };
    const asked = [
      ["nothing", link, {}, {}],
      ["the join", link, {}, { push: "true" }],
      ["the GET", `${link}&push=1`, {}, {}],
      ["a page", link, { origin: "http://localhost:3000" }, {}],
    ] as const;
    const streams = await Promise.all(
      asked.map(async ([, url, headers, given]) => {
        const session = await begin();
        const stream = await EventStream.open(url, sse(session, headers));
        await tool(link, session, "ams_join", given);
        return stream;
      }),
    );
    await watcher.connection.send("hello");
    const [silent, ...others] = streams;
    for (const stream of others) await stream.until(() => stream.notices("token").length === 1);
    expect(silent?.events).toEqual([]);
    for (const stream of streams) stream.close();
    await watcher.connection.close();
  });
});

describe("too much", () => {
  test("1,100 events into a buffer of 1,000: the loss stands at its place, for ams_recv and for push", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await tool(link, session, "ams_join");
    const watcher = await Watcher.join(link);
    for (let at = 0; at < 1_099; at += 1) await watcher.connection.send(String(at));
    await expect
      .poll(async () => {
        const { value } = await tool(link, session, "ams_recv", {
          cursor: joined.cursor,
          max_events: 1_000,
        });
        return value.events?.at(-1)?.data;
      })
      .toBe("1098");
    await tool(link, session, "ams_join", {
      stream_name: joined.stream_name,
      since: joined.cursor,
    });
    const { value } = await tool(link, session, "ams_recv", { max_events: 1_000 });
    expect(value).toMatchObject({ truncated: true, dropped: 100, more: false });
    const events = value.events ?? [];
    expect(events[0]).toMatchObject({ kind: "truncated", dropped: 100 });
    expect(events.slice(1).map(({ data }) => data)).toEqual(
      Array.from({ length: 1_000 }, (_, at) => String(at + 99)),
    );
    const push = await EventStream.open(link, sse(session));
    await push.until(() => push.notices("token").length === 1_000);
    expect(push.events[0]?.message).toMatchObject({
      method: "notifications/ams/truncated",
      params: { dropped: 100 },
    });
    push.close();
    await watcher.connection.close();
  });

  test("a client that never reads its push stream loses events, is notified where, and the wire socket is unaffected", async () => {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link);
    const session = await open(link);
    await tool(link, session, "ams_join", { stream_name: "deaf" });
    const response = await unread(link, session);
    const size = 16_384;
    const count = 1_500;
    for (let at = 0; at < count; at += 1) {
      await watcher.connection.send(`${at} ${"x".repeat(size)}`);
    }
    const alive = await tool(link, session, "ams_send", { data: "still here" });
    expect(alive.value.ok).toBe(true);
    await watcher.until((heard) => heard.includes("deaf: still here"));
    expect(watcher.heard.filter((line) => line.endsWith("deaf"))).toEqual(["+deaf"]);
    const seen = await readPush(response, (data) => data.startsWith(`${count - 1} `));
    const losses = seen.filter(({ method }) => method === "notifications/ams/truncated");
    expect(losses.length).toBeGreaterThan(0);
    const numbers = seen.flatMap(({ params }) =>
      params.data === undefined ? [] : [Number.parseInt(String(params.data), 10)],
    );
    const lost = losses.reduce((sum, { params }) => sum + Number(params.dropped), 0);
    expect(numbers.length + lost).toBe(count);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    response.destroy();
    await watcher.connection.close();
  });
});

/** The push stream of a client that doesn't read it. */
function unread(link: string, session: string): Promise<IncomingMessage> {
  const { headers } = sse(session);
  return new Promise((resolve, reject) => {
    httpRequest(link, { headers }, (response) => {
      response.pause();
      resolve(response);
    })
      .on("error", reject)
      .end();
  });
}

type Notice = { readonly method: string; readonly params: Json };

async function readPush(
  response: IncomingMessage,
  isLast: (data: string) => boolean,
): Promise<readonly Notice[]> {
  const all: Notice[] = [];
  let rest = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) continue;
      const notice = JSON.parse(data) as Notice;
      all.push(notice);
      if (isLast(String(notice.params.data))) return all;
    }
  }
  throw new Error("the stream has ended");
}
