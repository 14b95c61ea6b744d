/**
 * Simulated time. Every step of every simulated process is an event; one event and all that its
 * promises lead to are done before the next is looked at. Nothing depends on the real clock.
 */

import { Heap } from "./heap.ts";
import { Lane } from "./lane.ts";
import type { Random } from "./random.ts";

/**
 * One simulated process: what it has scheduled waits while it is paused, and is dropped when it
 * crashes.
 */
export class Process {
  readonly name: string;
  /** Raised by a crash: events of earlier lives do nothing. */
  life = 0;
  paused = false;
  /** Milliseconds by which its wall clock is ahead of simulated time. */
  clockOffsetMs = 0;
  startedAtMs = 0;
  readonly timers: Lane;
  readonly immediates: Lane;
  /** Events that came due while it was paused, in order. */
  backlog: Event[] = [];

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.timers = new Lane(scheduler, this, `${name} timers`);
    this.immediates = new Lane(scheduler, this, `${name} immediates`);
  }
}

export type Event = {
  atMs: number;
  order: number;
  readonly process: Process;
  readonly life: number;
  readonly lane: Lane;
  /** Null once it is done or cancelled. */
  work: (() => void) | null;
};

/** The wall clock at the beginning of a history, Unix ms. */
export const START_MS = Date.UTC(2026, 0, 1);

/** Events of one history; more means that something runs without end. */
const EVENTS_MAX = 2_000_000;

export class Scheduler {
  readonly seed: string;
  readonly random: Random;
  nowMs = 0;
  /** Whose event is being done; null between events. */
  current: Process | null = null;
  executed = 0;
  #order = 0;
  readonly #events = new Heap();

  constructor(seed: string, random: Random) {
    this.seed = seed;
    this.random = random;
  }

  schedule(process: Process, atMs: number, lane: Lane, work: () => void): Event {
    this.#order += 1;
    const event = { atMs, order: this.#order, process, life: process.life, lane, work };
    this.#events.push(event);
    return event;
  }

  /** Does everything that is due until then. Rejects with what an event threw. */
  run(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      // All promises of an event are settled before the queue of ticks is looked at again.
      const afterPromises = () => process.nextTick(step);
      const step = () => {
        const event = this.#take(untilMs);
        this.current = event?.process ?? null;
        if (event === null) {
          this.nowMs = untilMs;
          resolve();
          return;
        }
        try {
          this.#execute(event);
        } catch (error) {
          this.current = null;
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        queueMicrotask(afterPromises);
      };
      process.nextTick(step);
    });
  }

  #execute(event: Event): void {
    this.executed += 1;
    if (this.executed > EVENTS_MAX) throw new Error("a history without end");
    const { work } = event;
    event.work = null;
    event.lane.done(event);
    work?.();
  }

  #take(untilMs: number): Event | null {
    for (;;) {
      const event = this.#events.peek();
      if (event === null || event.atMs > untilMs) return null;
      this.#events.pop();
      if (event.work === null || event.life !== event.process.life) continue;
      if (event.lane.stalledUntilMs > event.atMs) {
        event.atMs = event.lane.stalledUntilMs;
        this.#events.push(event);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, event.atMs);
      if (!event.process.paused) return event;
      event.process.backlog.push(event);
    }
  }

  /** Asks something of a process between events, on its clocks. */
  as<Answer>(process: Process, ask: () => Answer): Answer {
    this.current = process;
    try {
      return ask();
    } finally {
      this.current = null;
    }
  }

  /** What came due meanwhile comes at once: each lane in its order, and the lanes in any. */
  resume(process: Process): void {
    process.paused = false;
    const lanes = new Map<Lane, Event[]>();
    for (const event of process.backlog) {
      const waiting = lanes.get(event.lane);
      if (waiting === undefined) lanes.set(event.lane, [event]);
      else waiting.push(event);
    }
    process.backlog = [];
    const queues = [...lanes.values()].map((events) => events.values());
    while (queues.length > 0) {
      const at = this.random.below(queues.length);
      // A loop reads what a connection has brought before it looks at the next one.
      for (let count = this.random.below(8); count >= 0; count -= 1) {
        const next = queues[at]?.next();
        if (next === undefined || next.done === true) {
          queues.splice(at, 1);
          break;
        }
        this.#order += 1;
        next.value.atMs = this.nowMs;
        next.value.order = this.#order;
        this.#events.push(next.value);
      }
    }
  }

  /** The process ends at once, as by SIGKILL. */
  crash(process: Process): void {
    process.life += 1;
    process.paused = false;
    process.backlog = [];
  }
}
