/**
 * The workers of a load run. Each request goes to all, and is done when all have done it.
 */
import { Latencies, type Recorded } from "../latencies.ts";
import { addTally, emptyTally, type Tally } from "../verify/tally.ts";
import type { Sent } from "../verify/verifier.ts";
import type { Close, Ended, FromWorker, Share, ToWorker, WorkerWindow } from "./messages.ts";
import type { Port } from "./port.ts";

export type Refusal = Omit<Extract<FromWorker, { type: "refused" }>, "type">;
/** `ended` of all workers together. */
export type Settled = Ended;

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
  settled: Ended | null;
};

export class WorkerPool {
  readonly #ports: readonly Port[];
  readonly #reports: readonly WorkerReport[];
  readonly #events: WorkerPoolEvents;
  #refusal: Refusal | null = null;
  #fault: Error | null = null;
  #leaving = false;
  #onChange: () => void = () => {};

  /** One port for each share. */
  constructor(ports: readonly Port[], shares: readonly Share[], events: WorkerPoolEvents) {
    this.#events = events;
    this.#reports = shares.map(() => ({ joined: 0, join: null, sent: null, settled: null }));
    this.#ports = ports;
    for (const [index, share] of shares.entries()) {
      ports[index]?.listen({
        message: (message) => this.#onMessage(index, message),
        ended: (how) => this.#onFault(new Error(`a load worker ended ${how}`)),
      });
      ports[index]?.send({ type: "join", share });
    }
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
    return together(this.#reports.flatMap(({ settled }) => settled ?? []));
  }

  /** Hangs up, and resolves when the workers have ended. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await Promise.all(this.#ports.map((port) => port.leave()));
  }

  #sendAll(message: ToWorker): void {
    for (const port of this.#ports) port.send(message);
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
        report.settled = message.ended;
        break;
    }
    this.#onChange();
  }

  get joinedCount(): number {
    return this.#reports.reduce((sum, report) => sum + report.joined, 0);
  }

  #onFault(error: Error): void {
    if (this.#leaving) return;
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

function together(all: readonly Ended[]): Settled {
  const tally: Tally = emptyTally();
  for (const one of all) addTally(tally, one.tally);
  const sum = (pick: (one: Ended) => Recorded) => {
    const latencies = new Latencies();
    for (const one of all) latencies.add(pick(one));
    return latencies.recorded();
  };
  return {
    tally,
    closes: sumCloses(all.flatMap(({ closes }) => closes)),
    byKind: {
      websocket: sum(({ byKind }) => byKind.websocket),
      sse: sum(({ byKind }) => byKind.sse),
      mcp: sum(({ byKind }) => byKind.mcp),
    },
    joining: sum(({ joining }) => joining),
    joinLateness: sum(({ joinLateness }) => joinLateness),
    refusals: sumRefusals(all.flatMap(({ refusals }) => refusals)),
  };
}

function sumRefusals(refusals: Ended["refusals"]): Ended["refusals"] {
  const sums = new Map<string, number>();
  for (const { code, count } of refusals) sums.set(code, (sums.get(code) ?? 0) + count);
  return [...sums].map(([code, count]) => ({ code, count }));
}

function sumCloses(closes: readonly Close[]): readonly Close[] {
  const sums = new Map<string, Close>();
  for (const close of closes) {
    const key = `${close.code} ${close.reason}`;
    sums.set(key, { ...close, count: close.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}
