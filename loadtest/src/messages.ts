/**
 * Messages between the worker pool and its processes, over Node's channel between a process and
 * its child.
 */
import type { Recorded } from "./latencies.ts";
import type { Rhythm } from "./schedule.ts";
import type { Tally } from "./verify/tally.ts";
import type { Sent } from "./verify/verifier.ts";

/**
 * What one worker is to do. Members are numbered over the whole run; each worker has every
 * `processes`-th.
 */
export type Share = {
  readonly worker: number;
  readonly processes: number;
  readonly link: string;
  /** Null joins as guests. */
  readonly credential: string | null;
  /** What the names of the run's streams begin with. */
  readonly namePrefix: string;
  readonly subscribers: number;
  readonly emitters: number;
  readonly rhythm: Rhythm;
  readonly payloadBytes: number;
  /** Emitters receive nothing. */
  readonly emitOnly: boolean;
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
  | { readonly type: "settled"; readonly tally: Tally; readonly closes: readonly Close[] };

const TO_WORKER = ["join", "begin", "stop", "settle", "leave"];
const FROM_WORKER = ["joining", "joined", "refused", "window", "emitted", "settled"];

/** Both ends run the same program: a message of a known type is whole. */
export function isToWorker(message: unknown): message is ToWorker {
  return TO_WORKER.includes(Object(message).type);
}

export function isFromWorker(message: unknown): message is FromWorker {
  return FROM_WORKER.includes(Object(message).type);
}
