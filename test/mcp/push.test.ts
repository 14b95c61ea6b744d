// Push: every event as a notification, over the stream of a GET, on the answers of POSTs, and as updates in the stateless era.
import { request as httpRequest, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectNew, connectOld } from "./clients.ts";
import {
  EventStream,
  type Json,
  open,
  stateless,
  statelessHeaders,
  tool,
  toolAlone,
} from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

const sse = (session: string, headers = {}) => ({
  method: "GET",
  headers: { accept: "text/event-stream", "mcp-session-id": session, ...headers },
});

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
    const { value } = await tool(link, session, "ams_recv");
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

  test("says closed with the wire's code when the conversation is closed, and when another session takes the seat", async () => {
    const { link, id: conversation_id, account, alias, bearer } = await world.conversation();
    const [first, second] = [await open(link, bearer), await open(link, bearer)];
    const seat = { stream_name: "s" };
    await tool(link, first, "ams_join", seat, bearer);
    const [pushFirst, pushSecond] = [
      await EventStream.open(link, sse(first, bearer)),
      await EventStream.open(link, sse(second, bearer)),
    ];
    await tool(link, second, "ams_join", { ...seat, take_over: true }, bearer);
    await pushFirst.until(() => pushFirst.notices("closed").length === 1);
    expect(pushFirst.notices("closed")).toEqual([
      { conversation_id, ...seat, code: 4001, reason: "seat_taken" },
    ]);
    await account.close(alias);
    await pushSecond.until(() => pushSecond.notices("closed").length === 1);
    expect(pushSecond.notices("closed")).toEqual([
      { conversation_id, ...seat, code: 4005, reason: "conversation_closed" },
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
    expect(sent.before.flatMap(({ params }) => (params === undefined ? [] : [params]))).toEqual(
      sent.value.frames?.map(({ params }) => params),
    );
    expect(
      (await tool(link, session, "ams_send", { data: "y" })).before.filter(({ method }) => method),
    ).toEqual([]);
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

  test("a client that never reads its push stream loses events, is told where, and the wire socket is unaffected", async () => {
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

describe("the stateless era", () => {
  test("subscriptions/listen on the conversation's resource brings every event, and roster changes on /peers", async () => {
    const { link, id } = await world.conversation();
    const { value: joined } = await toolAlone(link, "ams_join");
    const { stream_name } = joined;
    const uri = `ams://conversations/${id}?stream_name=${stream_name}`;
    const peers = `ams://conversations/${id}/peers`;
    const listening = EventStream.open(link, {
      body: stateless("subscriptions/listen", {
        notifications: { resourceSubscriptions: [uri, peers] },
      }),
      headers: statelessHeaders("subscriptions/listen"),
    });
    const stream = await listening;
    const watcher = await Watcher.join(link);
    await watcher.connection.send("hello");
    await watcher.connection.close();
    const updates = () =>
      stream.events.flatMap(({ message }) =>
        message.method === "notifications/resources/updated" ? [message.params as Json] : [],
      );
    await stream.until(() => updates().length >= 5);
    expect(stream.events[0]?.message).toMatchObject({
      method: "notifications/subscriptions/acknowledged",
    });
    const notices = updates().flatMap(({ uri: of, _meta }) =>
      of === uri ? [(_meta as { "ams/notice": Json })["ams/notice"]] : [],
    );
    expect(notices.map(({ method }) => method)).toEqual([
      "notifications/ams/stream_joined",
      "notifications/ams/token",
      "notifications/ams/stream_left",
    ]);
    expect(notices[1]).toMatchObject({
      params: { data: "hello", stream_name: "watcher", cursor: expect.any(String) },
    });
    expect(updates().filter(({ uri: of }) => of === peers)).toHaveLength(2);
    stream.close();
    const { value } = await toolAlone(link, "ams_recv", { stream_name });
    expect(value.events).toHaveLength(3);
  });

  test("the official client's listen hears it too, under an account", async () => {
    const { link, id, bearer } = await world.conversation();
    const b = await connectNew(link, "listener", bearer);
    await b.any.call("ams_join");
    const uri = `ams://conversations/${id}`;
    const updated: Json[] = [];
    let wake: () => void = () => undefined;
    b.client.setNotificationHandler("notifications/resources/updated", ({ params }) => {
      updated.push(params);
      wake();
    });
    const subscription = await b.client.listen({ resourceSubscriptions: [uri] });
    const watcher = await Watcher.join(link);
    await watcher.connection.send("hello");
    while (updated.length < 2) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    expect(updated[1]).toMatchObject({
      uri,
      _meta: { "ams/notice": { params: { data: "hello" } } },
    });
    await subscription.close();
    await watcher.connection.close();
    await b.any.close();
  });

  test("nobody listens to a conversation that they are not in", async () => {
    const { id } = await world.conversation();
    const { link, bearer } = await world.conversation();
    for (const headers of [{}, bearer]) {
      for (const url of [link, `${world.url}/mcp`]) {
        const stream = await EventStream.open(url, {
          body: stateless("subscriptions/listen", {
            notifications: { resourceSubscriptions: [`ams://conversations/${id}`] },
          }),
          headers: { ...statelessHeaders("subscriptions/listen"), ...headers },
        });
        await stream.untilEnded();
        expect(JSON.parse(stream.text)).toMatchObject({
          id: 3,
          error: { message: expect.any(String) },
        });
      }
    }
  });
});

describe("resources", () => {
  test("the public texts and conversations are there on both routes and in both eras; updates are told to who subscribed", async () => {
    const { link, id } = await world.conversation({ metadata: { topic: "x" } });
    const watcher = await Watcher.join(link);
    const uri = `ams://conversations/${id}`;
    const old = await connectOld(link, "old");
    const young = await connectNew(link, "young");
    for (const { client } of [old, young]) {
      const { resources } = await client.listResources();
      expect(resources.map((one) => one.uri)).toEqual([
        "ams://protocol",
        "ams://conventions/v1",
        uri,
        `${uri}/peers`,
      ]);
      const { resourceTemplates } = await client.listResourceTemplates();
      expect(resourceTemplates.map((one) => one.uriTemplate)).toEqual([
        "ams://conversations/{id}",
        "ams://conversations/{id}/peers",
      ]);
      expect(await read(client, uri)).toMatchObject({
        conversation_metadata: { topic: "x" },
        peers: [{ stream_name: "watcher" }],
      });
      expect(await read(client, `${uri}/peers`)).toMatchObject({
        peers: [{ stream_name: "watcher" }],
      });
      const { contents } = await client.readResource({ uri: "ams://protocol" });
      expect(contents[0]).toMatchObject({
        mimeType: "text/markdown",
        text: expect.stringContaining("magic link"),
      });
      await expect(
        client.readResource({ uri: `ams://conversations/${id.slice(0, -1)}0` }),
      ).rejects.toThrow();
    }
    await old.any.call("ams_join");
    await old.client.subscribeResource({ uri: `${uri}/peers` });
    await watcher.connection.close();
    await old.any.until((told) =>
      told.some(
        ({ method, params }) =>
          method === "notifications/resources/updated" && params.uri === `${uri}/peers`,
      ),
    );
    expect(await read(old.client, `${uri}/peers`)).toMatchObject({ peers: [] });
    await Promise.all([old.any.close(), young.any.close()]);
  });

  test("/mcp without bearer or link lists tools, discovers and serves the texts, and nothing of any conversation", async () => {
    const url = `${world.url}/mcp`;
    const { id } = await world.conversation();
    for (const { client, any } of [await connectOld(url, "cold"), await connectNew(url, "cold")]) {
      expect((await client.listTools()).tools).toHaveLength(7);
      const { resources } = await client.listResources();
      expect(resources.map(({ uri }) => uri)).toEqual(["ams://protocol", "ams://conventions/v1"]);
      await client.readResource({ uri: "ams://conventions/v1" });
      await expect(client.readResource({ uri: `ams://conversations/${id}` })).rejects.toThrow();
      expect((await client.listPrompts()).prompts).toEqual([]);
      await any.close();
    }
  });
});

describe("prompts and instructions", () => {
  test("metadata.instructions and metadata.prompts are carried verbatim; malformed and duplicate prompts are skipped", async () => {
    const instructions = "Line one\n  <b>&amp;</b> $1 {{filled}} ünï 😀";
    const message = { role: "user", content: { type: "text", text: 'Sum up {{topic}} as "$1"' } };
    const good = {
      name: "sum-up",
      title: "Sum up",
      description: "In a line",
      arguments: [{ name: "topic", required: true }],
      messages: [message],
    };
    const prompts = [
      good,
      { name: "sum-up", messages: [{ role: "user", content: "second of its name" }] },
      null,
      3,
      { name: "", messages: [message] },
      { name: "no-messages" },
      { name: "bad-role", messages: [{ role: "system", content: "x" }] },
      { name: "short", messages: [{ role: "assistant", content: "Hi" }] },
    ];
    const { link } = await world.conversation({ metadata: { instructions, prompts } });
    for (const { client, any } of [
      await connectOld(link, "old"),
      await connectNew(link, "young"),
    ]) {
      expect(any.instructions()).toMatch(/## .*\n\n/);
      expect(any.instructions().endsWith(instructions)).toBe(true);
      const listed = await client.listPrompts();
      expect(listed.prompts).toEqual([
        {
          name: "sum-up",
          title: "Sum up",
          description: "In a line",
          arguments: [{ name: "topic", required: true }],
        },
        { name: "short" },
      ]);
      const got = await client.getPrompt({ name: "sum-up", arguments: { topic: "rain" } });
      expect(got.messages).toEqual([message]);
      expect((await client.getPrompt({ name: "short" })).messages).toEqual([
        { role: "assistant", content: { type: "text", text: "Hi" } },
      ]);
      await expect(client.getPrompt({ name: "no-messages" })).rejects.toThrow();
      expect(await any.call("ams_join")).toMatchObject({ instructions });
      await any.close();
    }
  });
});

type Reader = {
  readResource(asked: { uri: string }): Promise<{ contents: readonly object[] }>;
};

async function read(client: Reader, uri: string): Promise<Json> {
  const { contents } = await client.readResource({ uri });
  return JSON.parse((contents[0] as { text: string }).text);
}

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
