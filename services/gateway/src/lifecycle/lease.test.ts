// The lease: when it is sure, when it is in doubt, and when the directory is away (§3.5.1, §5.9).
import { type Directory, DirectoryUnavailable, type GatewayId } from "@ams/directory";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Conversations } from "../conversation/conversations.ts";
import { entryOf } from "../testing/fakes.ts";
import { type JoinedSession, Rig } from "../testing/rig.ts";
import { Lease } from "./lease.ts";

type Answer = "renewed" | "lapsed" | "away" | "late";

let rig: Rig;
let lease: Lease;
let deps: ReturnType<Lease["asDeps"]>;
let joined: JoinedSession;
let answer: Answer;
let sweeps: (() => void)[];
let reclaimed: string[];
let fault: "displaced" | null;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance", "Date"] });
  rig = new Rig();
  [answer, sweeps, reclaimed, fault] = ["renewed", [], [], null];
  const directory = {
    heartbeat: () => {
      if (answer === "away") return Promise.reject(new DirectoryUnavailable("away"));
      // The process stands still for 8 s while it waits for the answer.
      if (answer === "late") {
        vi.setSystemTime(Date.now() + 8_000);
        vi.advanceTimersByTime(8_000);
        return Promise.reject(new DirectoryUnavailable("timed out"));
      }
      return Promise.resolve(answer);
    },
    sweep: () => new Promise((resolve) => sweeps.push(() => resolve(0))),
    reclaim: (_where: unknown, entry: { connection: string; gateway: string }) => {
      reclaimed.push(entry.connection);
      return Promise.resolve(fault === null ? { ok: true, value: entry } : { ok: false, fault });
    },
    keepSlot: () => Promise.resolve(),
    heldBy: () => Promise.resolve({ held: [], next: null }),
    endLease: () => Promise.resolve(),
  } as unknown as Directory;
  const { holdings, credentials, metrics, log, waiting } = rig.deps;
  lease = new Lease({ directory, holdings, credentials, metrics, log, waiting });
  deps = lease.asDeps();
  const conversations = {
    answersFor: () => true,
    *sessions() {
      for (const session of rig.conversation.sessions.values()) {
        yield { conversation: rig.conversation, session };
      }
    },
  } as unknown as Conversations;
  joined = rig.join(entryOf(1, 2, { gateway: deps.gateway() }));
  await lease.begin(conversations);
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass, and everything that was asked be answered. */
async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const isHeld = (gateway: GatewayId = deps.gateway()) => deps.holds(gateway, performance.now());

test("§5.9 a renewed lease is held for five seconds from before it was asked for", async () => {
  expect(isHeld()).toBe(true);
  answer = "away";
  await pass(4_900);
  expect(isHeld()).toBe(true);
});

test("§5.9 only a directory that does not answer after the lease ran out lets a gateway serve on alone", async () => {
  answer = "late";
  await pass(1_000);
  expect(isHeld(), "it stood still itself").toBe(false);
  answer = "away";
  await pass(1_000);
  expect([isHeld(), lease.notReady()]).toEqual([true, "directory"]);
  answer = "renewed";
  await pass(1_000);
  expect([isHeld(), lease.notReady()]).toEqual([true, null]);
  expect(isHeld("another"), "what is held under another id").toBe(false);
});

test("§5.9 after a lease that lapsed every stream is claimed again under a new id", async () => {
  const before = deps.gateway();
  answer = "lapsed";
  await pass(1_000);
  expect(deps.gateway()).not.toBe(before);
  expect(reclaimed).toEqual([joined.session.stream.entry.connection]);
  expect(isHeld(joined.session.stream.entry.gateway)).toBe(true);
});

test("§3.5.1 a stream that somebody else took over meanwhile ends its session", async () => {
  [answer, fault] = ["lapsed", "displaced"];
  await pass(1_000);
  expect(joined.socket.ended).toBe("stream_displaced");
});

test("§5.6 a sweep that takes long keeps no heartbeat waiting", async () => {
  await pass(1_000);
  for (let second = 0; second < 10; second += 1) {
    await pass(1_000);
    expect(isHeld()).toBe(true);
  }
  expect(sweeps).toHaveLength(1);
  sweeps[0]?.();
  await pass(0);
  expect(sweeps).toHaveLength(2);
});

test("§5.6 a doubt is settled at once, by one heartbeat however many there are", async () => {
  rig.conversation.roster.doubt(joined.session.stream);
  for (let times = 0; times < 5; times += 1) deps.recheck();
  await pass(0);
  expect(reclaimed).toHaveLength(1);
  expect(joined.session.stream.claim).toBe("held");
});
