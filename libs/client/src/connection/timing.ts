/**
 * How long things may take and when to come back: every time of a connection, in one place so that
 * tests can shorten it.
 */
import type { ComeBack } from "@ams/protocol";

export type Timing = {
  /** Milliseconds for one try to connect, until `joined`. */
  readonly dialMs: number;
  /** Milliseconds for finding out why a first try failed. */
  readonly diagnoseMs: number;
  /** Milliseconds for a first join, with its tries, when the deployment is busy. */
  readonly joinMs: number;
  /** Milliseconds without a frame after which a ping asks whether the broker is still there. */
  readonly idleMs: number;
  /** Milliseconds until a pong must have come. */
  readonly pongMs: number;
  /** Milliseconds before the first try to come back; each further one waits twice as long. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Milliseconds to wait at least after having been too fast, or where no quota slot was free. */
  readonly pauseMs: number;
  /** Milliseconds for which a connection must have lasted to count as good again. */
  readonly stableMs: number;
  /** Milliseconds that `close` gives to what is still to be sent. */
  readonly closeMs: number;
  /** A number from 0 to 1, as `Math.random` gives: spreads those who come back at once. */
  readonly random: () => number;
};

export const TIMING: Timing = {
  dialMs: 15_000,
  diagnoseMs: 5_000,
  joinMs: 20_000,
  idleMs: 25_000, // Below the minute after which many proxies cut an idle connection.
  pongMs: 10_000,
  backoffMs: 250,
  backoffMaxMs: 30_000,
  pauseMs: 5_000,
  stableMs: 10_000,
  closeMs: 5_000,
  random: Math.random,
};

/**
 * Milliseconds to wait before try number `attempt` (from 0), by the row of the close-code table;
 * null is never.
 */
export function comeBackDelayMs(
  comeBack: ComeBack,
  attempt: number,
  timing: Timing,
): number | null {
  const doubled = Math.min(timing.backoffMs * 2 ** attempt, timing.backoffMaxMs);
  const jittered = doubled * (0.5 + timing.random() / 2);
  switch (comeBack) {
    case "no":
    case "renamed":
      return null;
    case "later":
    case "pause":
      return timing.pauseMs * (1 + timing.random()) + jittered;
    case "resume":
      return attempt === 0 ? 0 : jittered;
    case "backoff":
    case "stated":
      return jittered;
  }
}
