/**
 * Reading with a cursor: what waits, or the next that comes; nothing is consumed by a call that
 * doesn't return it.
 */

import { type Fault, failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import type { SessionState } from "../sessions/session-state.ts";
import type { Position } from "./buffer.ts";
import type { Subscription } from "./subscription.ts";

export type Receiving<Found extends Awaited> = {
  readonly subscription: Subscription;
  readonly state: SessionState;
  /** Where to read; null is where the subscription's reading is when there is something. */
  readonly position: Position | null;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  /** Looks, and changes nothing. */
  readonly read: (position: Position, now: number) => Found;
};

/** What one look at the buffer finds. */
export type Awaited = {
  /** Where to go on. */
  readonly after: Position;
  /** Whether there is what the call waits for. */
  readonly isAwaited: boolean;
  readonly isEmpty: boolean;
  /** Milliseconds after which to look again although nothing came. */
  readonly againMs: number;
};

export async function receive<Found extends Awaited>(
  receiving: Receiving<Found>,
): Promise<Result<{ readonly read: Found }>> {
  const { subscription, position, waitMs, clock } = receiving;
  const until = clock.now() + waitMs;
  for (;;) {
    const fault = obstacle(receiving);
    if (fault !== null) return failure(fault);
    const now = clock.now();
    const read = receiving.read(position ?? subscription.positions.at, now);
    const leftMs = until - now;
    const isOver = leftMs <= 0 || subscription.wire.ending !== null;
    if (read.isAwaited || (isOver && (!read.isEmpty || subscription.wire.ending === null))) {
      subscription.positions.at = read.after;
      return { ok: true, read };
    }
    if (subscription.wire.ending !== null)
      return failure(subscription.wire.ending.fault ?? "unavailable");
    await change(receiving, Math.min(leftMs, Math.max(1, read.againMs)));
  }
}

type Waiting = Pick<Receiving<Awaited>, "subscription" | "state" | "signal" | "clock">;

/** Why the call may not read (any more). */
function obstacle({ subscription, state, signal }: Waiting): Fault | null {
  if (signal?.aborted) return "aborted";
  if (state.ended) return "session_ended";
  if (subscription.wire.left) return "left";
  return subscription.holder === state ? null : "seat_taken";
}

/**
 * Resolves when there is news of the subscription, when the time is over, or when the caller has
 * gone.
 */
function change({ subscription, signal, clock }: Waiting, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unwatch();
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const unwatch = subscription.watch(done);
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
