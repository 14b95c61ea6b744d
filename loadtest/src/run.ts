/** One load run, from a plan to its result. */
import { randomBytes } from "node:crypto";
import { nowUs } from "./clock.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import { type LoadResult, resultOf } from "./report/result.ts";
import { type Second, Timeline } from "./timeline.ts";
import type { Share } from "./workers/messages.ts";
import { forkedPort, type Port } from "./workers/port.ts";
import { type Address, type RemotePort, remotePort } from "./workers/remote-port.ts";
import { type Refusal, WorkerPool } from "./workers/worker-pool.ts";

/** Microseconds from the message `begin` to the first token, so that every worker has it before. */
const START_US = 300_000;

export type Target = {
  /** The magic link of each conversation. */
  readonly links: readonly string[];
  /** Its origin and path up to the namespace; no secret. */
  readonly url: string;
  readonly brokerVersion: string;
  /** Null joins as guests. */
  readonly credential: string | null;
};

export type Workers =
  /** A script that calls `runWorker` when it is started with `words`. */
  | { readonly kind: "forked"; readonly program: string; readonly words: readonly string[] }
  /** Workers that listen elsewhere; a token for all, or one for each. */
  | {
      readonly kind: "remote";
      readonly addresses: readonly Address[];
      readonly tokens: readonly string[];
    };

export type LoadRun = {
  readonly plan: Plan;
  readonly target: Target;
  readonly machine: Machine;
  /** One for each of the plan's processes. */
  readonly workers: Workers;
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
  const { plan, target, machine, workers, version } = run;
  const timeline = new Timeline(plan.processes, progress.second);
  const startedAt = new Date();
  const { ports, uncertaintyUs } = await portsOf(workers, plan.processes);
  const pool = new WorkerPool(ports, sharesOf(plan, target), {
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
    const clockUs = uncertaintyUs();
    const measured = { joinSeconds, seconds, settled, timeline, wasInterrupted, clockUs };
    return { kind: "done", result: resultOf({ ...about, ...measured }) };
  } finally {
    progress.ended();
    await pool.leave();
  }
}

/** Rejects when a worker can't be reached; the others are let go. */
async function portsOf(
  workers: Workers,
  count: number,
): Promise<{ readonly ports: readonly Port[]; readonly uncertaintyUs: () => number }> {
  if (workers.kind === "forked") {
    const { program, words } = workers;
    const ports = Array.from({ length: count }, () => forkedPort(program, words));
    return { ports, uncertaintyUs: () => 0 };
  }
  const { addresses, tokens } = workers;
  const tried = await Promise.allSettled(
    addresses.map((address, index) => remotePort(address, tokens[index] ?? tokens[0] ?? "")),
  );
  const ports = tried.flatMap((one): readonly RemotePort[] =>
    one.status === "fulfilled" ? [one.value] : [],
  );
  const failed = tried.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(ports.map((port) => port.leave()));
    throw failed.reason;
  }
  const uncertaintyUs = () => Math.max(...ports.map((port) => port.uncertaintyUs()));
  return { ports, uncertaintyUs };
}

function sharesOf(plan: Plan, { links, credential }: Target): readonly Share[] {
  // Two runs in one conversation use different stream names.
  const namePrefix = `load-${randomBytes(4).toString("hex")}-`;
  return Array.from({ length: plan.processes }, (_, worker) => ({
    worker,
    links,
    credential,
    namePrefix,
    plan,
  }));
}
