import type { Listener, ListenOptions, PushEvent, Result, Session } from "@ams/wrapper";
import { describe, expect, test, vi } from "vitest";
import { noticeOf } from "./notices.ts";
import { Push } from "./push.ts";

type Begun = Result<{ readonly listening: { resume: () => void; stop: () => void } }>;

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
  const told: PushEvent[] = [];
  const ended = vi.fn();
  const push = new Push({ push: (event) => told.push(event) > 0, ended });
  const fake = fakeSession();
  expect(push.start(fake.session, {})).toBe(true);
  return { push, told, ended, ...fake };
}

describe("a push", () => {
  test("takes events until so much is on its way, and goes on when half of it was taken", () => {
    const { push, told, resume } = startPush();
    let taken = 0;
    while (push.event(token(10_000))) taken += 1;
    expect(taken).toBeGreaterThan(10);
    expect(told).toHaveLength(taken + 1);
    push.taken(30_000);
    expect(resume).not.toHaveBeenCalled();
    push.taken(50_000);
    expect(resume).toHaveBeenCalledTimes(1);
    push.taken(50_000);
    expect(resume).toHaveBeenCalledTimes(1);
    expect(push.event(token(10))).toBe(true);
  });

  test("doesn't wait for what never went out", () => {
    const push = new Push({ push: () => false, ended: () => undefined });
    for (let at = 0; at < 10_000; at += 1) expect(push.event(token(100))).toBe(true);
  });

  test("has no event whose notification is smaller than it counts", () => {
    const closed = {
      kind: "closed",
      conversationId: "",
      streamName: "",
      code: 1000,
      reason: "",
    } as const;
    const notice = JSON.stringify({ jsonrpc: "2.0", ...noticeOf(closed) });
    expect(`event: message\nid: \ndata: ${notice}\n\n`.length).toBeGreaterThan(128);
  });

  test("after stop takes nothing, tells nothing, and stops the listening once", () => {
    const { push, told, ended, stop } = startPush();
    push.stop();
    push.stop();
    expect(push.event(token(1))).toBe(false);
    push.ended();
    expect([told.length, stop.mock.calls.length, ended.mock.calls.length]).toEqual([0, 1, 0]);
  });

  test("tells once that the session has ended", () => {
    const { push, ended, stop } = startPush();
    push.ended();
    push.stop();
    expect([ended.mock.calls.length, stop.mock.calls.length]).toEqual([1, 0]);
  });

  test("that is stopped before it could begin stops at once; one that is refused says so", () => {
    const push = new Push({ push: () => true, ended: () => undefined });
    const { session, stop, listen } = fakeSession();
    push.stop();
    expect(push.start(session, {})).toBe(true);
    expect(stop).toHaveBeenCalledTimes(1);
    listen.mockReturnValueOnce({ ok: false, fault: "invalid_cursor", message: "" });
    expect(push.start(session, { since: "x" })).toBe(false);
  });
});
