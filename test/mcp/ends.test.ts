// How answers end that nobody waits for any more, or that the process can't wait for.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  call,
  EventStream,
  messages,
  open,
  readToolAnswer,
  sse,
  stateless,
  statelessHeaders,
  tool,
  toolAlone,
} from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

const LONG = { wait_ms: 25_000 };

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

describe("answers under way", () => {
  test("notifications/cancelled ends the stream of the request that it takes back, and the session goes on", async () => {
    const { link } = await world.conversation();
    const session = await open(link);
    const watcher = await Watcher.join(link);
    const headers = { "mcp-session-id": session };
    const waiting = call("ams_recv", LONG);
    const opening = EventStream.open(link, { body: waiting, headers });
    await watcher.until((heard) => heard.length > 0);
    const params = { requestId: waiting.id };
    const taken = { jsonrpc: "2.0", method: "notifications/cancelled", params };
    expect((await ask(link, { body: taken, headers })).status).toBe(202);
    const stream = await opening;
    await stream.untilEnded();
    expect(stream.text).not.toContain("result");
    expect((await tool(link, session, "ams_send", { data: "x" })).value.ok).toBe(true);
    await watcher.connection.close();
  });

  test("SIGTERM swallows no answer: a waiting ams_recv is answered, and push streams say why they end", async () => {
    const { link, id } = await world.conversation();
    const session = await open(link);
    const { value: joined } = await toolAlone(link, "ams_join");
    const watcher = await Watcher.join(link);
    const push = await EventStream.open(link, sse(session));
    const uri = `ams://conversations/${id}?handle=${joined.handle}`;
    const listen = { notifications: { resourceSubscriptions: [uri] } };
    const listening = await EventStream.open(link, {
      body: stateless("subscriptions/listen", listen),
      headers: statelessHeaders("subscriptions/listen"),
    });
    const headers = { "mcp-session-id": session };
    const waiting = ask(link, { body: call("ams_recv", LONG), headers });
    await watcher.until((heard) => heard.length > 0);
    const halted = world.standalone.halt();
    expect(readToolAnswer(await messages(await waiting)).isError).toBe(true);
    await Promise.all([push.untilEnded(), listening.untilEnded()]);
    const why = { conversation_id: id, code: 4503, reason: "draining" };
    expect(push.notices("closed")).toMatchObject([why]);
    const received = listening.events.map(({ message }) => message).slice(-2);
    expect(received).toMatchObject([
      { params: { uri, _meta: { "ams/notice": { params: why } } } },
      { result: { resultType: "complete" } },
    ]);
    await halted;
    await world.standalone.resume();
    await watcher.connection.close();
  });
});
