/** What the checker can find, each kind by a name of its own. */
import type { FaultKind } from "./steps.ts";

export const VIOLATIONS = {
  order: "a reader heard a frame of a stream after a later one, or twice",
  echo: "a connection heard its own stream without having asked for it",
  foreign: "a reader heard something of another conversation",
  wrong_text: "a frame carries what another connection said, or says it in another order",
  uneven: "two readers heard the same seq with different content",
  silent_loss: "a reader misses frames without notice",
  unheard_loss: "a reader misses frames from before the first that it heard of a stream",
  own_gap:
    "a connection was notified of a gap in its own stream without having asked for that stream",
  gap_without_fault: "a reader was notified of a loss though nothing had failed",
  outside_roster: "a reader heard a frame of a stream that is not in its roster",
  joined_twice: "a reader was notified that a stream joined which was there already",
  left_unknown: "a reader was notified that a stream left which was not there",
  roster_differs: "what a reader knows of who is there is not so",
  two_holders: "two open connections hold one stream",
  directory_differs: "the directory's roster is not what the gateways hold",
  leaked: "something is still held when everybody has left",
  unanswered: "a connect got neither `joined` nor a close",
  false_receipt: "a receipt for a frame that was never handed to the bus",
  time_backwards: "the time of a stream's frames runs backwards",
  false_displaced: "a connection was closed as displaced though nobody took its stream",
  outlived: "a connection is open though its conversation or link has ended",
  not_ready: "a gateway does not become ready again",
  error: "a gateway met an error that it does not expect",
} as const;

/** Known, and not a fault by the contract: a reader's first seq of a stream may be any (§4.6). */
export const TOLERATED: readonly ViolationKind[] = ["unheard_loss"];

/**
 * Found by the simulation and not repaired yet: `npm run simulate` shows them, `npm test` doesn't
 * fail of them. A kind leaves this list with its repair.
 */
export const OPEN: readonly ViolationKind[] = [];

/** Faults after which histories are not clean yet, and which are run with `--open` only. */
export const OPEN_FAULTS: readonly FaultKind[] = [];

export type ViolationKind = keyof typeof VIOLATIONS;

export type Violation = {
  readonly kind: ViolationKind;
  /** Who, what: in one line. */
  readonly what: string;
  /** The connection that it concerns, if it is one. */
  readonly connection: number | null;
};

/** Whether a history fails of it. */
export function isJudged(kind: ViolationKind): boolean {
  return !TOLERATED.includes(kind) && !OPEN.includes(kind);
}
