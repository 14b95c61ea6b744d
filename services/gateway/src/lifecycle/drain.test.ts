// A gateway that goes away: announced, spread, in slices, and nobody forgotten (§4.9).
import { expect, test } from "vitest";
import type { Conversations } from "../conversation/conversations.ts";
import { type FakeSocket, FakeSockets } from "../testing/fakes.ts";
import { drain } from "./drain.ts";

/** So many sessions, and how many were closed in each step that was taken at once. */
function present(count: number) {
  const sockets = new FakeSockets();
  const open = new Set<FakeSocket>();
  const slices: number[] = [];
  const begun = new Set<number>();
  const countClosed = () => {
    if (begun.size === 0) {
      begun.add(slices.push(0));
      queueMicrotask(() => begun.clear());
    }
    slices[slices.length - 1] = (slices.at(-1) ?? 0) + 1;
  };
  const add = () => {
    open.add(sockets.open());
  };
  for (let n = 0; n < count; n += 1) add();
  const all = [...open];
  const conversations = {
    get size() {
      return open.size === 0 ? 0 : 1;
    },
    sessions: () =>
      [...open].map((socket) => ({
        session: {
          socket,
          close: (reason: "draining") => {
            socket.end(reason);
            open.delete(socket);
            countClosed();
          },
        },
      })),
  } as unknown as Conversations;
  return { all, open, add, slices, conversations };
}

test("§4.9 everybody hears when to come back, within the spread, and is closed 4503 behind it", async () => {
  const { all, open, conversations } = present(20);
  const done = drain(
    conversations,
    { drainMs: 0, spreadMs: 3_000, isTakenOver: false },
    () => false,
  );
  expect(all.map((socket) => [socket.frames().length, socket.ended])).toEqual(
    all.map(() => [1, null]),
  );
  await done;
  expect(open.size).toBe(0);
  const times = all.map((socket) => {
    expect(socket.ended).toBe("draining");
    expect(socket.frames()).toHaveLength(1);
    expect(socket.frames()[0]?.type).toBe("x_drain");
    return Number(socket.frames()[0]?.reconnect_after_ms);
  });
  expect(times.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 3_000)).toBe(true);
  expect(new Set(times).size).toBeGreaterThan(10);
});

test("§4.9 where others take sockets over, each stays open until its client has had time to move", async () => {
  const { all, open, conversations } = present(20);
  const closedAt = new Map<FakeSocket, number>();
  for (const socket of all) {
    const end = socket.end.bind(socket);
    socket.end = (reason) => {
      closedAt.set(socket, performance.now());
      end(reason);
    };
  }
  const begun = performance.now();
  await drain(conversations, { drainMs: 0, spreadMs: 500, isTakenOver: true }, () => false);
  expect(open.size).toBe(0);
  for (const socket of all) {
    const backAfterMs = Number(socket.frames()[0]?.reconnect_after_ms);
    // A timer may fire a millisecond early.
    expect((closedAt.get(socket) ?? 0) - begun).toBeGreaterThanOrEqual(backAfterMs + 1_980);
  }
});

test("§4.9 a gateway whose clients have all moved stops at once", async () => {
  const { open, conversations } = present(5);
  const terms = { drainMs: 0, spreadMs: 600_000, isTakenOver: true };
  const done = drain(conversations, terms, () => false);
  open.clear();
  await done;
});

test("§4.9 many are closed in slices over the time that the gateway has, none of them larger than its share", async () => {
  const { slices, conversations } = present(30);
  const begun = performance.now();
  await drain(conversations, { drainMs: 300, spreadMs: 1, isTakenOver: false }, () => false);
  expect(slices).toEqual([10, 10, 10]);
  expect(performance.now() - begun).toBeGreaterThan(190);
});

test("§3.3.11 a connect that is under way, and who came meanwhile, are waited for", async () => {
  const { all, open, add, conversations } = present(1);
  const answers = [true, true, false];
  let looks = 0;
  await drain(conversations, { drainMs: 0, spreadMs: 1, isTakenOver: false }, () => {
    looks += 1;
    if (looks === 1) add();
    return answers[looks - 1] ?? false;
  });
  expect(open.size).toBe(0);
  expect(all[0]?.ended).toBe("draining");
  expect(looks).toBe(3);
});
test("§4.9 a join under way doesn't keep a gateway that goes away from doing anything else", async () => {
  let looks = 0;
  let joining = true;
  const conversations = {
    get size() {
      return joining ? 1 : 0;
    },
    sessions: () => {
      looks += 1;
      if (looks > 1_000) throw new Error("nothing else can happen");
      return [];
    },
  } as unknown as Conversations;
  const done = drain(conversations, { drainMs: 0, spreadMs: 0, isTakenOver: false }, () => joining);
  setImmediate(() => {
    joining = false;
  });
  await done;
  expect(joining).toBe(false);
});
