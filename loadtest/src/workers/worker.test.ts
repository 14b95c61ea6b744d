/** What a worker reports about itself. */
import { expect, test } from "vitest";
import { nowUs } from "../clock.ts";
import { steady } from "../schedule.ts";
import type { Share, WorkerWindow } from "./messages.ts";
import { Worker } from "./worker.ts";

/** Milliseconds for which this process is held up: far more than its neighbours do by chance. */
const HELD_MS = 1_500;

const SHARE: Share = {
  worker: 0,
  links: ["http://127.0.0.1:1/a/conversations/b?t=x"],
  credential: null,
  namePrefix: "load-1-",
  plan: {
    name: null,
    conversations: 1,
    subscribers: 0,
    emitters: 0,
    mix: { websocket: 1, sse: 0, mcp: 0 },
    payloadBytes: 32,
    summary: false,
    emitOnly: false,
    rhythm: steady(0, 0, 1),
    turns: null,
    visits: null,
    drops: null,
    seed: 1,
    sources: [],
    origins: [],
    processes: 1,
    connections: 0,
    audience: 0,
    deliveriesPerSecond: 0,
  },
};

test("a stall while everybody joins is not reported as one of the first second", async () => {
  let arrived: (window: WorkerWindow) => void = () => {};
  const first = new Promise<WorkerWindow>((resolve) => {
    arrived = resolve;
  });
  const worker = new Worker(SHARE, (message) => {
    if (message.type === "window") arrived(message.window);
  });
  const until = performance.now() + HELD_MS;
  while (performance.now() < until); // As thousands of joins would hold it up.
  worker.begin(nowUs());
  const { stallMs, index } = await first;
  await worker.settle([]);
  await worker.leave();
  expect(index).toBe(0);
  expect(stallMs).toBeLessThan(HELD_MS - 500);
});
