/**
 * Ends the program when one history takes too long: a gateway that spins in promises never gives
 * the event loop back, so nothing in this thread could say which seed it was.
 */
import { Worker } from "node:worker_threads";

/** Seconds of real time that one history may take; it takes a hundredth of one. */
const HISTORY_S_MAX = 60;

/** Runs in a thread of its own: no part of a build, and so plain JavaScript. */
const WATCH = `
const { workerData } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const seeds = new Int32Array(workerData);
for (;;) {
  const seed = seeds[0];
  if (Atomics.wait(seeds, 0, seed, ${HISTORY_S_MAX * 1_000}) !== "timed-out") continue;
  writeSync(2, "Seed " + seed + " does not end: a gateway spins.\\n");
  process.kill(process.pid, "SIGKILL");
}
`;

/** Returns what is to be called with each seed before it runs. */
export function watchSeed(first: number): (seed: number) => void {
  const seeds = new Int32Array(new SharedArrayBuffer(4));
  seeds[0] = first;
  new Worker(WATCH, { eval: true, workerData: seeds.buffer }).unref();
  return (seed) => {
    Atomics.store(seeds, 0, seed);
    Atomics.notify(seeds, 0);
  };
}
