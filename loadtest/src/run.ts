/** One load run, from a plan to its result. */
import { randomBytes } from "node:crypto";
import { nowUs } from "./clock.ts";
import type { Machine } from "./machine.ts";
import type { Share } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { type LoadResult, resultOf } from "./report/result.ts";
import { type Second, Timeline } from "./timeline.ts";
import { type Refusal, WorkerPool } from "./worker-pool.ts";

/** Microseconds from the message `begin` to the first token, so that every worker has it before. */
const START_US = 300_000;

export type Target = {
  readonly link: string;
  /** Its origin and path up to the namespace; no secret. */
  readonly url: string;
  readonly brokerVersion: string;
  /** Null joins as guests. */
  readonly credential: string | null;
};

export type LoadRun = {
  readonly plan: Plan;
  readonly target: Target;
  readonly machine: Machine;
  /** A script that calls `runWorker` when it is started with `words`. */
  readonly worker: { readonly program: string; readonly words: readonly string[] };
  /** Of the program that runs it. */
  readonly version: string;
};

export type Progress = {
  readonly joining: (joined: number) => void;
  readonly second: (second: Second) => void;
  /** Everything is sent; tokens may still be on their way. */
  readonly settling: () => void;
  /** Nothing more is reported. Connections may still be open. */
  readonly ended: () => void;
};

/** `stopped`: `signal` fired before a token was sent. */
export type Ran =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "stopped"; readonly joined: number }
  | { readonly kind: "done"; readonly result: LoadResult };

/** `signal` ends it early. Rejects when a worker process fails. */
export async function runLoad(run: LoadRun, progress: Progress, signal: AbortSignal): Promise<Ran> {
  const { plan, target, machine, worker, version } = run;
  const timeline = new Timeline(plan.processes, progress.second);
  const startedAt = new Date();
  const pool = new WorkerPool(worker.program, worker.words, sharesOf(plan, target), {
    joining: progress.joining,
    window: (index, window) => timeline.add(index, window),
  });
  try {
    const refusal = await pool.joined(signal);
    if (refusal !== null) return { kind: "refused", refusal };
    if (signal.aborted) return { kind: "stopped", joined: pool.joinedCount };
    const atUs = nowUs() + START_US;
    pool.begin(atUs);
    const sent = await pool.emitted(signal);
    const seconds = Math.max(0, (nowUs() - atUs) / 1_000_000);
    progress.settling();
    const settled = await pool.settle(sent, signal);
    timeline.end();
    const { url: host, brokerVersion, credential } = target;
    const identity = credential === null ? "guest" : "account";
    const about = { startedAt, version, host, brokerVersion, identity, plan, machine } as const;
    const wasInterrupted = signal.aborted;
    const { joinSeconds } = pool;
    const measured = { joinSeconds, seconds, settled, timeline, wasInterrupted };
    return { kind: "done", result: resultOf({ ...about, ...measured }) };
  } finally {
    progress.ended();
    await pool.leave();
  }
}

function sharesOf(plan: Plan, { link, credential }: Target): readonly Share[] {
  const { processes, subscribers, emitters, rhythm, payloadBytes, emitOnly } = plan;
  // Two runs in one conversation use different stream names.
  const namePrefix = `load-${randomBytes(4).toString("hex")}-`;
  return Array.from({ length: processes }, (_, worker) => ({
    worker,
    processes,
    link,
    credential,
    namePrefix,
    subscribers,
    emitters,
    rhythm,
    payloadBytes,
    emitOnly,
  }));
}
