// Paste one URL into any agent: the official clients of each era, on a real AMS.
import { sentinelOf } from "@ams/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnyClient, connect, connectOld, ERAS } from "./clients.ts";
import { type Json, tokens } from "./raw.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

type Frame = { readonly method: string; readonly params: Json };

function said(all: readonly Json[]): readonly unknown[] {
  return tokens({ value: { events: all } });
}

function saidIn(frames: readonly Frame[]): readonly unknown[] {
  return frames
    .filter(({ method }) => method === "notifications/ams/token")
    .map(({ params }) => params.data)
    .filter((data) => sentinelOf(String(data)) === null);
}

describe.each(ERAS)("with a guest's %s", (era) => {
  test("B joins by the link alone and speaks; A hears it once by push and once by ams_recv, as messages, events and frames", async () => {
    const { authorization } = (await world.conversation()).bearer;
    const a = (await connectOld(`${world.url}/mcp`, "agent-a", { authorization })).any;
    const minted = await a.call("ams_create_conversation", { metadata: { topic: "weather" } });
    const link = String(minted.magic_link);
    const own = { conversation_id: minted.conversation_id };
    const joined = await a.call("ams_join", { magic_link: link, stream_name: "a" });
    expect(joined).toMatchObject({ ok: true, stream_name: "a", ...own });

    const b = await connect(era, link, "agent-b");
    const other = await b.call("ams_join");
    expect(other).toMatchObject({
      peers: [{ stream_name: "a" }],
      conversation_metadata: { topic: "weather" },
    });
    expect(other.stream_name).toMatch(/^agent-b-[a-z0-9]{4}$/);
    const as = { stream_name: other.stream_name };
    const words = ["one", "two", "three"];
    for (const data of words) await b.call("ams_send", { data, ...as });

    await a.until((notices) => saidIn(notices).length === words.length);
    const sent = await a.call("ams_send", { data: "from a" });
    expect(sent.pending).toBe(words.length);
    await a.call("ams_send", { data: "once more from a" });
    const asMessages = { cursor: joined.cursor, format: "messages" };
    const read = await a.call("ams_recv", asMessages);
    expect((read.messages as Json[]).map(({ text }) => text)).toEqual(words);
    const received = await a.call("ams_recv", { cursor: joined.cursor });
    expect(said(received.events as Json[])).toEqual(words);
    const older = await a.call("ams_recv", { cursor: joined.cursor, max_wait_ms: 1 });
    expect(saidIn(older.frames as Frame[])).toEqual(words);
    const nothing = await a.call("ams_recv", { cursor: received.next_cursor });
    expect(nothing).toMatchObject({ events: [], truncated: false, dropped: 0, more: false });

    const heard = await b.call("ams_recv", { wait_ms: 1_000, ...as });
    expect(said(heard.events as Json[])).toEqual(["from a", "once more from a"]);
    await b.call("ams_leave", as);
    await a.until((notices) => notices.some(({ method }) => method.endsWith("/stream_left")));
    expect(saidIn(a.notices)).toEqual(words);
    await a.call("ams_leave");
    await Promise.all([a.close(), b.close()]);
  });
});

test("two clients of one era in one conversation hear each other and not themselves", async () => {
  const { link } = await world.conversation();
  for (const era of ERAS) {
    const [a, b] = await Promise.all([connect(era, link, "same"), connect(era, link, "same")]);
    const [first, second] = [await a.call("ams_join"), await b.call("ams_join")];
    expect(first.stream_name).not.toBe(second.stream_name);
    await expectTalk(a, b, String(first.stream_name), String(second.stream_name));
    await a.call("ams_leave", { stream_name: first.stream_name });
    await b.call("ams_leave", { stream_name: second.stream_name });
    await Promise.all([a.close(), b.close()]);
  }
});

async function expectTalk(a: AnyClient, b: AnyClient, nameA: string, nameB: string): Promise<void> {
  await a.call("ams_send", { data: "ping", stream_name: nameA });
  const atB = await b.call("ams_recv", { wait_ms: 2_000, stream_name: nameB });
  expect(said(atB.events as Json[])).toEqual(["ping"]);
  await b.call("ams_send", { data: "pong", stream_name: nameB });
  const atA = await a.call("ams_recv", { wait_ms: 2_000, stream_name: nameA });
  expect(said(atA.events as Json[])).toEqual(["pong"]);
}
