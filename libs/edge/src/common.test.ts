import { expect, test } from "vitest";
import { Common } from "./common.ts";
import type { Heard } from "./subscriptions/buffer.ts";
import { desk, must, settle } from "./testing/desk.ts";

const STREAM = { streamId: "str_1", streamName: "peer", ownerAccountId: "acc_1" };

function token(more: object = {}): Heard {
  return {
    kind: "token",
    conversationId: "conv_1",
    ...STREAM,
    ts: "2026-01-31T12:00:00.000Z",
    seq: "1-1",
    data: "hello",
    ...more,
  };
}

const AGENT = { peerIdentity: { kind: "agent", model: "m-1" } };

test("equal tokens are one, and what differs in any field is itself, with every field as it came", () => {
  const common = new Common();
  for (const base of [{}, AGENT]) {
    const first = common.of(token(base));
    expect(first).toEqual(token(base));
    expect(common.of(token(base))).toBe(first);
  }
  const others: readonly object[] = [
    { conversationId: "conv_2" },
    { streamName: "other" },
    { ownerAccountId: "acc_2" },
    { ts: "2026-01-31T12:00:00.001Z" },
    { seq: "1-2" },
    { data: "hello!" },
    { peerIdentity: { kind: "human" } },
    { peerIdentity: { kind: "agent", client: "m-1" } },
  ];
  for (const other of others) expect(common.of(token(other))).toEqual(token(other));
  const left: Heard = { ...STREAM, kind: "stream_left", conversationId: "conv_1", ts: "" };
  expect(common.of(left)).toBe(left);
});

test("what was forgotten is kept anew", () => {
  const common = new Common();
  const first = common.of(token());
  common.forget();
  const again = common.of(token());
  expect(again).toEqual(first);
  expect(again).not.toBe(first);
});

test("subscriptions of one conversation keep a token once, and each reads it as its own", async () => {
  const { wire, open } = desk();
  const [one, other] = [open("s1"), open("s2")];
  must(await one.join({ link: "link-of-x", streamName: "one" }));
  must(await other.join({ link: "link-of-x", streamName: "other" }));
  for (const call of wire.calls) call.say("to all");
  await settle();
  const got = [must(await one.recv({})), must(await other.recv({}))];
  expect(got.map(({ events }) => events.length)).toEqual([1, 1]);
  const [a, b] = got.map(({ events: [event] }) => ({ ...event, cursor: "" }));
  expect(a).toEqual(b);
  expect(got[0]?.nextCursor).not.toBe(got[1]?.nextCursor);
});
