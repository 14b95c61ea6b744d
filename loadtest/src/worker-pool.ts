/**
 * The worker processes of a load run. Each request goes to all, and is done when all have done it.
 */
import { type ChildProcess, fork } from "node:child_process";
import {
  type Close,
  type FromWorker,
  isFromWorker,
  type Share,
  type ToWorker,
  type WorkerWindow,
} from "./messages.ts";
import { addTally, emptyTally, type Tally } from "./verify/tally.ts";
import type { Sent } from "./verify/verifier.ts";

export type Refusal = Omit<Extract<FromWorker, { type: "refused" }>, "type">;
export type Settled = { readonly tally: Tally; readonly closes: readonly Close[] };

export type WorkerPoolEvents = {
  /** How many have joined, of all workers. */
  readonly joining: (joined: number) => void;
  readonly window: (worker: number, window: WorkerWindow) => void;
};

/** What one worker has reported so far. */
type WorkerReport = {
  joined: number;
  /** When its members joined, in microseconds; null until all have. */
  join: { readonly fromUs: number; readonly toUs: number } | null;
  sent: readonly Sent[] | null;
  settled: Settled | null;
};

export class WorkerPool {
  readonly #workers: readonly ChildProcess[];
  readonly #reports: readonly WorkerReport[];
  readonly #events: WorkerPoolEvents;
  #refusal: Refusal | null = null;
  #fault: Error | null = null;
  #leaving = false;
  #onChange: () => void = () => {};

  /**
   * Starts one process for each share. `program` is a script that runs a worker when it is called
   * with `words`.
   */
  constructor(
    program: string,
    words: readonly string[],
    shares: readonly Share[],
    events: WorkerPoolEvents,
  ) {
    this.#events = events;
    this.#reports = shares.map(() => ({ joined: 0, join: null, sent: null, settled: null }));
    this.#workers = shares.map((share, index) => {
      const worker = fork(program, words, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      worker.on("message", (message: unknown) => {
        if (isFromWorker(message)) this.#onMessage(index, message);
      });
      worker.on("exit", (code, signal) => this.#onExit(code, signal));
      worker.on("error", (error) => this.#onFault(error));
      send(worker, { type: "join", share });
      return worker;
    });
  }

  /**
   * Null when everybody has joined; who was refused first, and why, when not. `signal` ends the
   * waiting.
   */
  async joined(signal: AbortSignal): Promise<Refusal | null> {
    await this.#until(
      () => this.#refusal !== null || this.#reports.every((report) => report.join !== null),
      signal,
    );
    return this.#refusal;
  }

  /** Seconds from when the first connect began until the last had joined. */
  get joinSeconds(): number {
    const joins = this.#reports.flatMap(({ join }) => join ?? []);
    const from = Math.min(...joins.map(({ fromUs }) => fromUs));
    const to = Math.max(...joins.map(({ toUs }) => toUs));
    return joins.length === 0 ? 0 : (to - from) / 1_000_000;
  }

  begin(atUs: number): void {
    this.#sendAll({ type: "begin", atUs });
  }

  /**
   * How far each emitter's stream goes, when all have emitted what they should; earlier when
   * `signal` fires.
   */
  async emitted(signal: AbortSignal): Promise<readonly Sent[]> {
    const isDone = () => this.#reports.every((report) => report.sent !== null);
    await this.#until(isDone, signal);
    if (!isDone()) {
      this.#sendAll({ type: "stop" });
      await this.#until(isDone, null);
    }
    return this.#reports.flatMap((report) => report.sent ?? []);
  }

  /** When `signal` fires, what is on its way is left there. */
  async settle(sent: readonly Sent[], signal: AbortSignal): Promise<Settled> {
    const isDone = () => this.#reports.every((report) => report.settled !== null);
    this.#sendAll({ type: "settle", sent });
    await this.#until(isDone, signal);
    if (!isDone()) {
      this.#sendAll({ type: "stop" });
      await this.#until(isDone, null);
    }
    const tally = emptyTally();
    for (const { settled } of this.#reports) if (settled !== null) addTally(tally, settled.tally);
    return {
      tally,
      closes: sumCloses(this.#reports.flatMap((report) => report.settled?.closes ?? [])),
    };
  }

  /** Hangs up, and resolves when the processes have ended. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const ended = new Promise((resolve) => worker.once("exit", resolve));
        send(worker, { type: "leave" });
        await ended;
      }),
    );
  }

  #sendAll(message: ToWorker): void {
    for (const worker of this.#workers) send(worker, message);
  }

  #onMessage(index: number, message: FromWorker): void {
    const report = this.#reports[index];
    if (report === undefined) return;
    switch (message.type) {
      case "joining":
        report.joined = message.joined;
        this.#events.joining(this.joinedCount);
        return;
      case "joined":
        report.join = message;
        break;
      case "refused":
        this.#refusal ??= message;
        break;
      case "window":
        this.#events.window(index, message.window);
        return;
      case "emitted":
        report.sent = message.sent;
        break;
      case "settled":
        report.settled = { tally: message.tally, closes: message.closes };
        break;
    }
    this.#onChange();
  }

  get joinedCount(): number {
    return this.#reports.reduce((sum, report) => sum + report.joined, 0);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#leaving) return;
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    this.#onFault(new Error(`a load process ended ${how}: is this machine out of memory?`));
  }

  #onFault(error: Error): void {
    this.#fault ??= error;
    this.#onChange();
  }

  /** Resolves when it is so, or the signal fires; rejects when a worker has failed. */
  #until(isSo: () => boolean, signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onChange = () => {
        if (this.#fault !== null) reject(this.#fault);
        else if (isSo() || signal?.aborted) resolve();
      };
      signal?.addEventListener("abort", () => this.#onChange(), { once: true });
      this.#onChange();
    });
  }
}

function send(worker: ChildProcess, message: ToWorker): void {
  // The exit of one that has ended is noticed.
  if (worker.connected) worker.send(message, () => {});
}

function sumCloses(closes: readonly Close[]): readonly Close[] {
  const sums = new Map<string, Close>();
  for (const close of closes) {
    const key = `${close.code} ${close.reason}`;
    sums.set(key, { ...close, count: close.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}
