/** What all workers of a run have reported: for each second, and in total. */
import { Latencies, type Percentiles, type Recorded } from "./latencies.ts";
import { addTally, emptyTally, type Tally } from "./verify/tally.ts";
import type { WorkerWindow } from "./workers/messages.ts";

/** One second of the whole run. */
export type Second = {
  /** Seconds after the start at which it began. */
  readonly at_s: number;
  /** False for the last, which ended with the run and may be shorter. */
  readonly isWhole: boolean;
  /** Counted in this second. */
  readonly tally: Readonly<Tally>;
  /** Of the tokens that came in this second. */
  readonly latency: Percentiles;
  /** 99th percentile of how late tokens were sent, in microseconds. */
  readonly latenessP99Us: number;
  /** Of the busiest worker: share of a core. */
  readonly cpu: number;
  /** Processor time of all workers together, in seconds. */
  readonly cpuSeconds: number;
  /** Of the worst worker, in milliseconds. */
  readonly stallMs: number;
};

type Open = {
  workers: number;
  isWhole: boolean;
  readonly tally: Tally;
  readonly latencies: Recorded[];
  readonly lateness: Recorded[];
  cpu: number;
  cpuSeconds: number;
  stallMs: number;
};

export class Timeline {
  readonly #processes: number;
  readonly #onSecond: (second: Second) => void;
  readonly #latencies = new Latencies();
  readonly #lateness = new Latencies();
  readonly #earlier: Tally[];
  readonly #open = new Map<number, Open>();
  readonly #seconds: Second[] = [];

  /** `onSecond` is called when every worker has reported a second. */
  constructor(processes: number, onSecond: (second: Second) => void) {
    this.#processes = processes;
    this.#onSecond = onSecond;
    this.#earlier = Array.from({ length: processes }, emptyTally);
  }

  add(worker: number, window: WorkerWindow): void {
    const open = this.#open.get(window.index) ?? emptySecond();
    this.#open.set(window.index, open);
    addTally(open.tally, window.tally);
    addTally(open.tally, this.#earlier[worker] ?? emptyTally(), -1);
    this.#earlier[worker] = window.tally;
    open.latencies.push(window.latencies);
    open.lateness.push(window.lateness);
    open.cpu = Math.max(open.cpu, window.cpu);
    open.cpuSeconds += window.cpu;
    open.stallMs = Math.max(open.stallMs, window.stallMs);
    open.isWhole &&= window.isWhole;
    open.workers += 1;
    this.#latencies.add(window.latencies);
    this.#lateness.add(window.lateness);
    if (open.workers === this.#processes) this.#close(window.index, open);
  }

  /** Closes the seconds that not every worker has reported. */
  end(): void {
    for (const [index, open] of [...this.#open]) this.#close(index, open);
    this.#seconds.sort((one, other) => one.at_s - other.at_s);
  }

  get seconds(): readonly Second[] {
    return this.#seconds;
  }

  get latency(): Percentiles {
    return this.#latencies.percentiles();
  }

  get latencies(): Recorded {
    return this.#latencies.recorded();
  }

  get lateness(): Percentiles {
    return this.#lateness.percentiles();
  }

  #close(index: number, open: Open): void {
    this.#open.delete(index);
    const { tally, isWhole, cpu, cpuSeconds, stallMs } = open;
    const second = {
      at_s: index,
      isWhole,
      tally,
      latency: percentilesOf(open.latencies),
      latenessP99Us: percentilesOf(open.lateness).p99,
      cpu,
      cpuSeconds,
      stallMs,
    };
    this.#seconds.push(second);
    this.#onSecond(second);
  }
}

function emptySecond(): Open {
  return {
    workers: 0,
    isWhole: true,
    tally: emptyTally(),
    latencies: [],
    lateness: [],
    cpu: 0,
    cpuSeconds: 0,
    stallMs: 0,
  };
}

function percentilesOf(recorded: readonly Recorded[]): Percentiles {
  const latencies = new Latencies();
  for (const pairs of recorded) latencies.add(pairs);
  return latencies.percentiles();
}
