/**
 * One direction of one connection (or the timers of one process): what is sent first comes first.
 */
import { Random } from "./random.ts";
import type { Event, Process, Scheduler } from "./scheduler.ts";

/** Milliseconds that most messages take, and how much the slow ones take at most. */
const USUAL_MS = 0.4;
const SLOW_MS = 12;
const SLOW_SHARE = 0.05;

export class Lane {
  readonly #scheduler: Scheduler;
  /** Who gets what is sent. */
  readonly process: Process;
  readonly #random: Random;
  /** Nothing of it arrives before this time. */
  stalledUntilMs = 0;
  #lastMs = 0;
  #pending: Event[] = [];

  constructor(scheduler: Scheduler, process: Process, name: string) {
    this.#scheduler = scheduler;
    this.process = process;
    this.#random = new Random(scheduler.seed, name);
  }

  /** It arrives after a while, after all that was sent before. */
  send(work: () => void): Event {
    const random = this.#random;
    const delayMs = random.chance(SLOW_SHARE)
      ? random.between(USUAL_MS, SLOW_MS)
      : random.between(0.05, USUAL_MS);
    const atMs = Math.max(this.#scheduler.nowMs + delayMs, this.#lastMs, this.stalledUntilMs);
    this.#lastMs = atMs;
    const event = this.#scheduler.schedule(this.process, atMs, this, work);
    this.#pending.push(event);
    return event;
  }

  /** A timer: by its time, whatever else waits. */
  after(ms: number, work: () => void): Event {
    return this.#scheduler.schedule(this.process, this.#scheduler.nowMs + ms, this, work);
  }

  /** As a timer, but never before one that was set earlier. */
  inOrder(ms: number, work: () => void): Event {
    const atMs = Math.max(this.#scheduler.nowMs + ms, this.#lastMs);
    this.#lastMs = atMs;
    return this.#scheduler.schedule(this.process, atMs, this, work);
  }

  /** Called with each event that is about to be done. */
  done(event: Event): void {
    if (this.#pending[0] === event) this.#pending.shift();
  }

  /** The connection is cut: what is under way is lost, from some point on. */
  cut(): void {
    const kept = this.#random.below(this.#pending.length + 1);
    for (const event of this.#pending.splice(kept)) event.work = null;
  }

  stall(untilMs: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, untilMs);
  }
}
