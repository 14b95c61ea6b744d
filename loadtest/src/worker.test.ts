/** What a worker reports about itself. */
import { expect, test } from "vitest";
import { nowUs } from "./clock.ts";
import type { Share, WorkerWindow } from "./messages.ts";
import { Worker } from "./worker.ts";

/** Milliseconds for which this process is held up: far more than its neighbours do by chance. */
const HELD_MS = 1_500;

const SHARE: Share = {
  worker: 0,
  processes: 1,
  link: "http://127.0.0.1:1/a/conversations/b?t=x",
  credential: null,
  namePrefix: "load-1-",
  subscribers: 0,
  emitters: 0,
  rhythm: { rate: 0, ramp_s: 0, duration_s: 1 },
  payloadBytes: 32,
  emitOnly: false,
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
