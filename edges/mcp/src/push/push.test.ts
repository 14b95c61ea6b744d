import type { Listener, ListenOptions, PushEvent, Result, Session } from "@ams/edge";
import { describe, expect, test, vi } from "vitest";
import { bytesOf, noticeOf } from "./notices.ts";
import { Push } from "./push.ts";

type Begun = Result<{ readonly listening: { resume: () => void; stop: () => void } }>;

const SUBSCRIPTION = { streamName: "own", handle: "h1_x" };

/** A session of which only listening is asked. */
function fakeSession() {
  const resume = vi.fn();
  const stop = vi.fn();
  const listen = vi.fn(
    (_listener: Listener, _options?: ListenOptions): Begun => ({
      ok: true,
      listening: { resume, stop },
    }),
  );
  return { session: { listen } as unknown as Session, resume, stop, listen };
}

function token(characters: number): PushEvent {
  const of = { streamId: "str_1", streamName: "a", ownerAccountId: "acc_1", ts: "" };
  const data = "x".repeat(characters);
  return { kind: "token", conversationId: "conv_1", cursor: "c", seq: "1-1", data, ...of };
}

function startPush() {
  const sent: PushEvent[] = [];
  const ended = vi.fn();
  const push = new Push({
    push: (event) => {
      sent.push(event);
      return bytesOf(noticeOf(event));
    },
    ended,
  });
  const fake = fakeSession();
  expect(push.start(fake.session, {})).toBe(true);
  return { push, sent, ended, ...fake };
}

describe("a push", () => {
  test("takes events until so much is on its way, and goes on when half of it was taken", () => {
    const { push, sent, resume } = startPush();
    let taken = 0;
    while (push.event(token(10_000), SUBSCRIPTION)) taken += 1;
    expect(taken).toBeGreaterThan(10);
    expect(sent).toHaveLength(taken + 1);
    push.taken(30_000);
    expect(resume).not.toHaveBeenCalled();
    push.taken(50_000);
    expect(resume).toHaveBeenCalledTimes(1);
    push.taken(50_000);
    expect(resume).toHaveBeenCalledTimes(1);
    expect(push.event(token(10), SUBSCRIPTION)).toBe(true);
  });

  test("doesn't wait for what never went out", () => {
    const push = new Push({ push: () => 0, ended: () => undefined });
    for (let at = 0; at < 10_000; at += 1) expect(push.event(token(100), SUBSCRIPTION)).toBe(true);
  });

  test("counts metadata, identities and escapes by their size, so that no more than the limit and one event waits", () => {
    const { streamName, ...of } = { ...token(0), streamName: "a" } as const;
    const metadata = { text: "x".repeat(16_000) };
    const joined = { ...of, streamName, kind: "stream_joined", metadata } as PushEvent;
    const escaped = { ...token(0), data: "\u0001".repeat(16_000) } as PushEvent;
    for (const event of [joined, escaped]) {
      const { push, sent } = startPush();
      while (push.event(event, SUBSCRIPTION)) expect(sent.length).toBeLessThan(10);
    }
  });

  test("counts what else goes out on the same connection", () => {
    const { push } = startPush();
    push.sent(131_072);
    expect(push.event(token(1), SUBSCRIPTION)).toBe(false);
  });

  test("after stop takes nothing, sends nothing, and stops the listening once", () => {
    const { push, sent, ended, stop } = startPush();
    push.stop();
    push.stop();
    expect(push.event(token(1), SUBSCRIPTION)).toBe(false);
    push.ended();
    expect([sent.length, stop.mock.calls.length, ended.mock.calls.length]).toEqual([0, 1, 0]);
  });

  test("reports once that the session has ended", () => {
    const { push, ended, stop } = startPush();
    push.ended();
    push.stop();
    expect([ended.mock.calls.length, stop.mock.calls.length]).toEqual([1, 0]);
  });

  test("that is stopped before it could begin stops at once; one that is refused says so", () => {
    const push = new Push({ push: () => 0, ended: () => undefined });
    const { session, stop, listen } = fakeSession();
    push.stop();
    expect(push.start(session, {})).toBe(true);
    expect(stop).toHaveBeenCalledTimes(1);
    listen.mockReturnValueOnce({ ok: false, fault: "invalid_cursor", message: "" });
    expect(push.start(session, { since: "x" })).toBe(false);
  });
});
