/** Messages between the worker pool and its workers. */
import type { Recorded } from "../latencies.ts";
import type { Kind, Plan } from "../plan.ts";
import type { Tally } from "../verify/tally.ts";
import type { Sent } from "../verify/verifier.ts";

/**
 * What one worker is to do. Members are numbered over the whole run; each worker has every
 * `plan.processes`-th.
 */
export type Share = {
  readonly worker: number;
  /** The magic link of each conversation. */
  readonly links: readonly string[];
  /** Null joins as guests. */
  readonly credential: string | null;
  /** What the names of the run's streams begin with. */
  readonly namePrefix: string;
  readonly plan: Plan;
};

/** A connection that the broker, or a fault of the network, ended before the run was over. */
export type Close = {
  readonly code: number | null;
  readonly reason: string;
  readonly count: number;
};

export type ToWorker =
  | { readonly type: "join"; readonly share: Share }
  /** Emitting begins at this moment of the shared clock, in microseconds. */
  | { readonly type: "begin"; readonly atUs: number }
  | { readonly type: "stop" }
  /** Everything is sent. After `stop` what is on its way may be left there. */
  | { readonly type: "settle"; readonly sent: readonly Sent[] }
  | { readonly type: "leave" };

/** One second of one worker. */
export type WorkerWindow = {
  /** Seconds after the start. */
  readonly index: number;
  /** False for the last, which ended with the run and may be shorter. */
  readonly isWhole: boolean;
  /** All that was counted so far. */
  readonly tally: Tally;
  readonly latencies: Recorded;
  /** How much later than intended tokens were sent, in microseconds. */
  readonly lateness: Recorded;
  /** Share of one core, 0 to 1 and a little more. */
  readonly cpu: number;
  /**
   * Longest time in this second for which the process took no notice of anything, in milliseconds.
   */
  readonly stallMs: number;
};

/** What one worker has at the end, beside its windows. */
export type Ended = {
  readonly tally: Tally;
  readonly closes: readonly Close[];
  /** Microseconds from emit to receive, by how it was read. */
  readonly byKind: Readonly<Record<Kind, Recorded>>;
  /** Of joins after the start: microseconds from when they were due. */
  readonly joining: Recorded;
  /** How late this process began them, microseconds. */
  readonly joinLateness: Recorded;
  readonly refusals: readonly { readonly code: string; readonly count: number }[];
};

export type FromWorker =
  | { readonly type: "joining"; readonly joined: number }
  /**
   * All of this worker's have joined, between these moments of the shared clock, in microseconds.
   */
  | { readonly type: "joined"; readonly fromUs: number; readonly toUs: number }
  | {
      readonly type: "refused";
      /** A code of the SDK's errors. */
      readonly code: string;
      readonly message: string;
      readonly closeCode: number | null;
      /** How many had joined before. */
      readonly joined: number;
    }
  | { readonly type: "window"; readonly window: WorkerWindow }
  | { readonly type: "emitted"; readonly sent: readonly Sent[] }
  | { readonly type: "settled"; readonly ended: Ended };

const TO_WORKER = ["join", "begin", "stop", "settle", "leave"];
const FROM_WORKER = ["joining", "joined", "refused", "window", "emitted", "settled"];

/** Both ends run the same program: a message of a known type is whole. */
export function isToWorker(message: unknown): message is ToWorker {
  return TO_WORKER.includes(Object(message).type);
}

export function isFromWorker(message: unknown): message is FromWorker {
  return FROM_WORKER.includes(Object(message).type);
}
