import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { expect, test } from "vitest";
import { isPostEvent, PostLog } from "./post-log.ts";

const answer = (id: number, text = ""): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  result: { text },
});

async function replay(log: PostLog, id: string) {
  const sent: (readonly [string, JSONRPCMessage])[] = [];
  const stream = await log.replayEventsAfter(id, {
    send: async (event, message) => {
      sent.push([event, message]);
    },
  });
  return { stream, sent };
}

test("pushed notifications have their cursor as id, others none, and nothing of them is kept", async () => {
  const log = new PostLog();
  const notice = { jsonrpc: "2.0" as const, method: "n", params: { cursor: "c1~x" } };
  expect(await log.storeEvent("_GET_stream", notice)).toBe("c1~x");
  expect(await log.storeEvent("_GET_stream", { jsonrpc: "2.0", method: "n" })).toBe("");
  expect(await log.getStreamIdForEventId("c1~x")).toBeUndefined();
  expect(isPostEvent("c1~x")).toBe(false);
});

test("what followed an event of a POST's stream is had again, and nothing of another one", async () => {
  const log = new PostLog();
  const first = await log.storeEvent("a", answer(1));
  await log.storeEvent("b", answer(2));
  const last = await log.storeEvent("a", answer(3));
  expect(isPostEvent(first)).toBe(true);
  expect(await log.getStreamIdForEventId(first)).toBe("a");
  expect(await replay(log, first)).toEqual({ stream: "a", sent: [[last, answer(3)]] });
});

test("only so many answers, and so much of them, are kept; the newest is", async () => {
  const log = new PostLog();
  const many = await log.storeEvent("a", answer(0));
  for (let at = 1; at <= 32; at += 1) await log.storeEvent("a", answer(at));
  expect(await log.getStreamIdForEventId(many)).toBeUndefined();
  const before = await log.storeEvent("b", answer(1, "x".repeat(80_000)));
  const large = await log.storeEvent("b", answer(2, "x".repeat(80_000)));
  expect(await log.getStreamIdForEventId(before)).toBeUndefined();
  expect(await log.getStreamIdForEventId(large)).toBe("b");
});
