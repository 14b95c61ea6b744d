/**
 * Who comes and goes while a run goes on: visitors that arrive, and connections that the plan ends.
 * Both are open loop: an event happens when it is due, whether or not the broker keeps up.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Latencies, type Recorded } from "./latencies.ts";
import type { Plan } from "./plan.ts";
import { between, type Random, seeded } from "./random.ts";
import { type Reader, refusalOf } from "./readers/reader.ts";
import { dueAt, type Rhythm } from "./schedule.ts";
import type { Tally } from "./verify/tally.ts";

/**
 * Joins of one worker that may be under way: past it an arrival counts as refused, `busy_client`.
 */
const UNDER_WAY_MAX = 1_000;
/** Milliseconds for which a timer is set at most, so that `stop` is heard soon. */
const SLEEP_MS_MAX = 100;
/** Sets the rows of random numbers apart. */
const ARRIVALS = 1;
const DROPS = 2;

export type VisitingOptions = {
  readonly plan: Plan;
  readonly worker: number;
  readonly now: () => number;
  readonly tally: Tally;
  /** A visitor of this number. */
  readonly visitor: (number: number) => Reader;
  /** The subscriber of this number over the whole run, when it is this worker's. */
  readonly subscriber: (number: number) => Reader | undefined;
  /** Called with what nobody expected. */
  readonly onFault: (error: unknown) => void;
};

/** One visitor, or one broken connection, of the whole run. */
type Happening = { readonly number: number; readonly at_s: number; readonly lasts_s: number };

export class Visiting {
  readonly #options: VisitingOptions;
  readonly #present = new Set<Reader>();
  readonly #away = new Set<Reader>();
  readonly #joining = new Latencies();
  readonly #lateness = new Latencies();
  readonly #refusals = new Map<string, number>();
  #underWay = 0;
  #stopped = false;

  constructor(options: VisitingOptions) {
    this.#options = options;
  }

  /** Begins at this moment of the shared clock. */
  begin(atUs: number): void {
    const { plan, worker, subscriber, onFault } = this.#options;
    const { visits, drops, seed, processes, subscribers, conversations } = plan;
    if (visits !== null) {
      const arrivals = happenings(visits.arrivals, visits.stay_s, seeded(seed + ARRIVALS), null);
      this.#run(arrivals, atUs, (visit, dueUs) => {
        if (visit.number % processes === worker) this.#visit(visit, dueUs).catch(onFault);
      }).catch(onFault);
    }
    const all = subscribers * conversations;
    if (drops === null || all === 0) return;
    const ends = happenings(drops.events, drops.away_s, seeded(seed + DROPS), all);
    this.#run(ends, atUs, (drop, dueUs) => {
      const reader = subscriber(drop.number);
      if (reader !== undefined) this.#dropOne(reader, drop.lasts_s, dueUs).catch(onFault);
    }).catch(onFault);
  }

  /** Nobody arrives or leaves any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Visitors that are there. */
  get present(): readonly Reader[] {
    return [...this.#present];
  }

  /** How long joins took from when they were due, and how late this process was, microseconds. */
  get recorded(): { readonly joining: Recorded; readonly lateness: Recorded } {
    return { joining: this.#joining.recorded(), lateness: this.#lateness.recorded() };
  }

  get refusals(): readonly { readonly code: string; readonly count: number }[] {
    return [...this.#refusals].map(([code, count]) => ({ code, count }));
  }

  /** Calls for each event when it is due. Rows of all workers are the same: each takes its own. */
  async #run(
    row: Iterator<Happening>,
    atUs: number,
    happen: (event: Happening, dueUs: number) => void,
  ): Promise<void> {
    for (let next = row.next(); next.done !== true && !this.#stopped; next = row.next()) {
      const dueUs = atUs + next.value.at_s * 1_000_000;
      for (let waitMs = this.#untilMs(dueUs); waitMs > 0; waitMs = this.#untilMs(dueUs)) {
        if (this.#stopped) return;
        await pause(Math.min(SLEEP_MS_MAX, waitMs));
      }
      happen(next.value, dueUs);
    }
  }

  #untilMs(dueUs: number): number {
    return (dueUs - this.#options.now()) / 1_000;
  }

  async #visit({ number, lasts_s }: Happening, dueUs: number): Promise<void> {
    const { visitor, tally } = this.#options;
    const reader = visitor(number);
    if (!(await this.#join(reader, dueUs))) return;
    tally.visits += 1;
    this.#present.add(reader);
    await this.#stay(lasts_s);
    if (this.#stopped) return; // Who is there at the end is held to what is still to come.
    this.#present.delete(reader);
    await reader.leave();
  }

  async #dropOne(reader: Reader, away_s: number, dueUs: number): Promise<void> {
    if (!reader.isOpen || this.#away.has(reader)) return;
    this.#away.add(reader);
    this.#lateness.record(this.#options.now() - dueUs);
    this.#options.tally.drops += 1;
    await reader.drop();
    await this.#stay(away_s);
    if (!this.#stopped) await this.#join(reader, this.#options.now());
    this.#away.delete(reader);
  }

  /** Resolves after so long, or soon after `stop`. */
  async #stay(seconds: number): Promise<void> {
    const untilUs = this.#options.now() + seconds * 1_000_000;
    for (let ms = this.#untilMs(untilUs); ms > 0 && !this.#stopped; ms = this.#untilMs(untilUs)) {
      await pause(Math.min(SLEEP_MS_MAX, ms));
    }
  }

  async #join(reader: Reader, dueUs: number): Promise<boolean> {
    const { now } = this.#options;
    this.#lateness.record(now() - dueUs);
    if (this.#underWay >= UNDER_WAY_MAX) return this.#refuse("busy_client");
    this.#underWay += 1;
    try {
      await reader.join();
      this.#joining.record(now() - dueUs);
      return true;
    } catch (error) {
      return this.#refuse(refusalOf(error).code);
    } finally {
      this.#underWay -= 1;
    }
  }

  #refuse(code: string): false {
    this.#options.tally.refused += 1;
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
    return false;
  }
}

/**
 * The events of a Poisson process with this rate. `of` is how many there are to choose from, or
 * null to number the events themselves.
 */
export function* happenings(
  rhythm: Rhythm,
  lasts_s: readonly [number, number],
  random: Random,
  of: number | null,
): Generator<Happening, void> {
  let owed = 0;
  for (let count = 0; ; count += 1) {
    owed -= Math.log(1 - random());
    const lasts = between(random, lasts_s);
    const choice = random();
    const at_s = dueAt(rhythm, owed);
    if (at_s === null) return;
    yield { number: of === null ? count : Math.floor(choice * of), at_s, lasts_s: lasts };
  }
}
