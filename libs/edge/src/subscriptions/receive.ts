/**
 * Reading with a cursor: what waits, or the next that comes; nothing is consumed by a call that
 * doesn't return it.
 */

import { type Fault, failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import type { SessionState } from "../sessions/session-state.ts";
import type { Place } from "./buffer.ts";
import type { Seat } from "./seat.ts";

export type Receiving<Found extends Awaited> = {
  readonly seat: Seat;
  readonly state: SessionState;
  /** Where to read; null is where the seat's reading stands when there is something. */
  readonly place: Place | null;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  /** Looks, and changes nothing. */
  readonly read: (place: Place, now: number) => Found;
};

/** What one look at the buffer finds. */
export type Awaited = {
  /** Where to go on. */
  readonly after: Place;
  /** Whether there is what the call waits for. */
  readonly isAwaited: boolean;
  readonly isEmpty: boolean;
  /** Milliseconds after which to look again although nothing came. */
  readonly againMs: number;
};

export async function receive<Found extends Awaited>(
  receiving: Receiving<Found>,
): Promise<Result<{ readonly read: Found }>> {
  const { seat, place, waitMs, clock } = receiving;
  const until = clock.now() + waitMs;
  for (;;) {
    const fault = obstacle(receiving);
    if (fault !== null) return failure(fault);
    const now = clock.now();
    const read = receiving.read(place ?? seat.places.at, now);
    const leftMs = until - now;
    const isOver = leftMs <= 0 || seat.line.ending !== null;
    if (read.isAwaited || (isOver && (!read.isEmpty || seat.line.ending === null))) {
      seat.places.at = read.after;
      return { ok: true, read };
    }
    if (seat.line.ending !== null) return failure(seat.line.ending.fault ?? "unavailable");
    await change(receiving, Math.min(leftMs, Math.max(1, read.againMs)));
  }
}

type Waiting = Pick<Receiving<Awaited>, "seat" | "state" | "signal" | "clock">;

/** Why the call may not read (any more). */
function obstacle({ seat, state, signal }: Waiting): Fault | null {
  if (signal?.aborted) return "aborted";
  if (state.ended) return "session_ended";
  if (seat.line.left) return "left";
  return seat.holder === state ? null : "seat_taken";
}

/** Resolves when there is news of the seat, when the time is over, or when the caller has gone. */
function change({ seat, signal, clock }: Waiting, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unwatch();
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const unwatch = seat.watch(done);
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
