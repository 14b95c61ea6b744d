import { sentinelOf } from "@ams/client";
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

function listen(
  url: string,
  uris: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const notifications = { resourceSubscriptions: uris };
  return EventStream.open(url, {
    body: stateless("subscriptions/listen", { notifications }),
    headers: { ...statelessHeaders("subscriptions/listen"), ...headers },
  });
}

/** The roster as a session sees it that hasn't joined. */
async function openPeers(link: string) {
  return (await tool(link, await open(link), "ams_peers")).value;
}

describe("the stateless era", () => {
  test("subscriptions/listen on the conversation's resource brings every event, and roster changes on /peers", async () => {
    const { link, id } = await world.conversation();
    const { value: joined } = await toolAlone(link, "ams_join");
    const { handle } = joined;
    const uri = `ams://conversations/${id}?handle=${handle}`;
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
    const { value } = await toolAlone(link, "ams_recv", { handle });
    expect(value.events).toHaveLength(3);
  });

  test("the official client's listen hears it too, under an account", async () => {
    const { link, id, bearer } = await world.conversation();
    const b = await connectNew(link, "listener", bearer);
    const { handle } = await b.any.call("ams_join");
    const uri = `ams://conversations/${id}?handle=${handle}`;
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

  test("two agents of one account each hear the other, and nothing twice; who doesn't say which it is is refused", async () => {
    const { link, id, bearer } = await world.conversation();
    const agents = [];
    for (let at = 0; at < 2; at += 1) {
      const { value } = await toolAlone(link, "ams_join", {}, bearer);
      agents.push({ name: String(value.stream_name), handle: String(value.handle) });
    }
    const [a, b] = agents as [(typeof agents)[0], (typeof agents)[0]];
    expect(a.name).not.toBe(b.name);
    const uri = `ams://conversations/${id}`;
    const hearing = [
      await listen(link, [`${uri}?handle=${a.handle}`], bearer),
      await listen(link, [`${uri}?handle=${b.handle}`], bearer),
    ] as const;
    for (const { name, handle } of agents) {
      for (const data of [name, name]) {
        const { value } = await toolAlone(link, "ams_send", { handle, data }, bearer);
        expect(value).toMatchObject({ ok: true, stream_name: name, handle });
      }
    }
    const heard = (stream: EventStream) =>
      stream.events.flatMap(({ message }) => {
        const params = message.params as { readonly _meta?: Record<string, Json> };
        const notice = params._meta?.["ams/notice"] as { readonly params: Json } | undefined;
        const data = notice?.params.data;
        return data === undefined || sentinelOf(String(data)) !== null ? [] : [data];
      });
    for (const stream of hearing) await stream.until(() => heard(stream).length >= 2);
    expect(hearing.map(heard)).toEqual([
      [b.name, b.name],
      [a.name, a.name],
    ]);
    const unclear = await listen(link, [uri], bearer);
    await unclear.untilEnded();
    expect(JSON.parse(unclear.text)).toMatchObject({
      error: { data: { error: "handle_required" } },
    });
    for (const tool of ["ams_recv", "ams_peers", "ams_leave"]) {
      expect((await toolAlone(link, tool, {}, bearer)).value.error).toBe("handle_required");
    }
    for (const stream of hearing) stream.close();
  });

  test("subscriptions/listen brings nobody back who has left; a join does", async () => {
    const { link, id, bearer } = await world.conversation();
    const watcher = await Watcher.join(link);
    const { value } = await toolAlone(link, "ams_join", { stream_name: "gone" }, bearer);
    const { handle } = value;
    const uri = `ams://conversations/${id}?handle=${handle}`;
    const before = await listen(link, [uri], bearer);
    await toolAlone(link, "ams_leave", { handle }, bearer);
    await before.until(() => before.text.includes("notifications/ams/closed"));
    const refused = await listen(link, [uri], bearer);
    await refused.untilEnded();
    expect(JSON.parse(refused.text)).toMatchObject({ error: { data: { error: "left" } } });
    const again = await toolAlone(link, "ams_join", { handle }, bearer);
    expect(again.value).toMatchObject({ ok: true, stream_name: "gone" });
    const after = await listen(
      link,
      [`ams://conversations/${id}?handle=${again.value.handle}`],
      bearer,
    );
    await watcher.connection.send("welcome back");
    await after.until(() => after.text.includes("welcome back"));
    for (const stream of [before, after]) stream.close();
    expect(watcher.heard).toEqual(["+gone", "-gone", "+gone"]);
    await watcher.connection.close();
  });

  test("more resources than one listener may have are refused", async () => {
    const { link, id } = await world.conversation();
    const uris = Array.from({ length: 101 }, (_, at) => `ams://conversations/${id}?handle=h${at}`);
    const many = await listen(link, uris);
    await many.untilEnded();
    expect(JSON.parse(many.text)).toMatchObject({
      error: { data: { error: "too_many_listeners" } },
    });
    expect((await openPeers(link)).peers).toEqual([]);
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
  test("the public texts and conversations are there on both routes and in both eras; updates go to who subscribed", async () => {
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
        "ams://conversations/{id}{?handle}",
        "ams://conversations/{id}/peers{?handle}",
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
      await expect(client.readResource({ uri: `ams://conversations/${id}0` })).rejects.toThrow();
    }
    const { stream_name } = await old.any.call("ams_join");
    for (const unknown of ["ams://nothing", `${uri}/nothing`, "file:///etc/hosts"]) {
      await expect(old.client.subscribeResource({ uri: unknown })).rejects.toThrow();
    }
    const named = `${uri}/peers?stream_name=${stream_name}`;
    await old.client.subscribeResource({ uri: named });
    await old.client.subscribeResource({ uri: `${uri}/peers` });
    await watcher.connection.close();
    await old.any.until((notices) =>
      notices.some(
        ({ method, params }) =>
          method === "notifications/resources/updated" && params.uri === `${uri}/peers`,
      ),
    );
    await old.any.until((notices) => notices.some(({ params }) => params.uri === named));
    for (const one of [named, `${uri}/peers`]) {
      expect(await read(old.client, one)).toMatchObject({ stream_name, peers: [] });
    }
    await Promise.all([old.any.close(), young.any.close()]);
  });

  test("at /mcp a conversation that was joined is read with its metadata, namespace and alias", async () => {
    const { link, id, alias } = await world.conversation({ metadata: { topic: "x" } });
    const { client, any } = await connectOld(`${world.url}/mcp`, "guest");
    const { stream_name } = await any.call("ams_join", { magic_link: link });
    const about = await read(client, `ams://conversations/${id}`);
    expect(about).toMatchObject({ stream_name, conversation_metadata: { topic: "x" } });
    expect(about).toMatchObject({ namespace: link.split("/")[3], alias });
    await any.close();
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
  test("metadata.instructions and metadata.prompts are served with their arguments filled in; malformed and duplicate prompts are skipped", async () => {
    const instructions = "Line one\n  <b>&amp;</b> $1 {{filled}} ünï 😀";
    const message = { role: "user", content: { type: "text", text: 'Sum up {{topic}} as "$1"' } };
    const good = {
      name: "sum-up",
      title: "Sum up",
      description: "In a line",
      arguments: [{ name: "topic", required: true }],
      messages: [message],
    };
    const icons = [{ src: "data:image/png;base64,AAAA", mimeType: "image/png" }];
    const annotations = { audience: ["user"], priority: 1 };
    const image = { type: "image", data: "AAAA", mimeType: "image/png", annotations };
    const richListed = {
      name: "rich",
      icons,
      _meta: { "x.example/y": 1 },
      arguments: [{ name: "a", description: "A" }],
    };
    const rich = { ...richListed, messages: [{ role: "user", content: image }] };
    const prompts = [
      good,
      { name: "sum-up", messages: [{ role: "user", content: "second of its name" }] },
      null,
      3,
      { name: "", messages: [message] },
      { name: "no-messages" },
      { name: "bad-role", messages: [{ role: "system", content: "x" }] },
      { name: "short", messages: [{ role: "assistant", content: "Hi" }] },
      rich,
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
        richListed,
      ]);
      expect((await client.getPrompt({ name: "rich" })).messages).toEqual(rich.messages);
      const got = await client.getPrompt({ name: "sum-up", arguments: { topic: "rain" } });
      const filled = { type: "text", text: 'Sum up rain as "$1"' };
      expect(got.messages).toEqual([{ role: "user", content: filled }]);
      await expect(client.getPrompt({ name: "sum-up" })).rejects.toThrow(
        "needs the argument topic",
      );
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
