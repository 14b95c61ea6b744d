/**
 * Clocks, timers and random numbers of the language, replaced for as long as a simulated process
 * does something. What runs between events (the test's own code) gets the real ones.
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import { type Event, type Process, type Scheduler, START_MS } from "./scheduler.ts";

/**
 * Milliseconds between the end of a turn's work and what was put off to the end of the turn, at
 * most.
 */
const TURN_MS = 0.3;

class SimulatedTimer {
  event: Event | null = null;
  cancelled = false;

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  cancel(): void {
    if (this.event !== null) this.event.work = null;
    this.event = null;
    this.cancelled = true;
  }
}

type Args = readonly unknown[];
type Callback = (...args: Args) => void;

let scheduler: Scheduler | null = null;
let uuids = 0;
let installed = false;

/** From now on simulated processes live by this scheduler. */
export function useScheduler(next: Scheduler | null): void {
  if (!installed) install();
  installed = true;
  scheduler = next;
  uuids = 0;
}

/** The process that is doing something now, with its scheduler. */
function active(): { readonly at: Scheduler; readonly process: Process } | null {
  const process = scheduler?.current ?? null;
  return scheduler === null || process === null ? null : { at: scheduler, process };
}

function install(): void {
  installTimers();
  installClocks();
  installRandom();
  syncBuiltinESMExports();
}

function installTimers(): void {
  const real = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval };
  const later = (callback: Callback, ms: number, args: Args, again: boolean) => {
    const timer = new SimulatedTimer();
    const found = active();
    if (found === null) throw new Error("a timer outside of the simulation");
    const { timers } = found.process;
    const waitMs = Math.max(1, ms);
    const arm = () => {
      timer.event = timers.after(waitMs, () => {
        timer.event = null;
        callback(...args);
        if (again && !timer.cancelled) arm();
      });
    };
    arm();
    return timer;
  };
  const clear = (realClear: (timer: never) => void) => (timer: unknown) => {
    if (timer instanceof SimulatedTimer) timer.cancel();
    else realClear(timer as never);
  };
  Object.assign(globalThis, {
    setTimeout: (callback: Callback, ms = 1, ...args: Args) =>
      active() === null ? real.setTimeout(callback, ms, ...args) : later(callback, ms, args, false),
    setInterval: (callback: Callback, ms = 1, ...args: Args) =>
      active() === null ? real.setInterval(callback, ms, ...args) : later(callback, ms, args, true),
    setImmediate: (callback: Callback, ...args: Args) => {
      const found = active();
      if (found === null) return real.setImmediate(callback, ...args);
      const { at, process } = found;
      const turnMs = at.random.chance(0.5) ? 0 : at.random.between(0, TURN_MS);
      return process.immediates.inOrder(turnMs, () => callback(...args));
    },
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
  });
  const realSleep = timers.setTimeout;
  const sleep = (ms?: number, value?: unknown) =>
    active() === null
      ? realSleep(ms, value)
      : new Promise((resolve) => later(() => resolve(value), ms ?? 1, [], false));
  Object.assign(timers, { setTimeout: sleep });
}

function installClocks(): void {
  const realNow = Date.now;
  const realElapsed = performance.now.bind(performance);
  const realOrigin = performance.timeOrigin;
  Date.now = () => {
    const found = active();
    if (found === null) return realNow();
    return Math.floor(START_MS + found.at.nowMs + found.process.clockOffsetMs);
  };
  const elapsed = () => {
    const found = active();
    return found === null ? realElapsed() : found.at.nowMs - found.process.startedAtMs;
  };
  const origin = () => {
    const process = active()?.process;
    return process === undefined ? realOrigin : START_MS + process.startedAtMs;
  };
  Object.defineProperty(performance, "now", { value: elapsed, configurable: true });
  Object.defineProperty(performance, "timeOrigin", { get: origin, configurable: true });
}

function installRandom(): void {
  const real = { random: Math.random, uuid: crypto.randomUUID, bytes: crypto.randomBytes };
  Math.random = () => active()?.at.random.next() ?? real.random();
  const uuid = () => {
    if (active() === null) return real.uuid();
    uuids += 1;
    return `u${uuids}`;
  };
  const bytes = (size: number) => {
    const found = active();
    if (found === null) return real.bytes(size);
    return Buffer.from(Array.from({ length: size }, () => found.at.random.below(256)));
  };
  Object.assign(crypto, { randomUUID: uuid, randomBytes: bytes });
}
