/**
 * Reading with a cursor: what waits, or the next that comes; nothing is consumed by a call that
 * doesn't return it.
 */

import { type Fault, failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import type { SessionState } from "../sessions/session-state.ts";
import type { Place } from "./buffer.ts";
import { type Read, readFrom } from "./reading.ts";
import type { Seat } from "./seat.ts";

export type Receiving = {
  readonly seat: Seat;
  readonly state: SessionState;
  /** Where to read; null is where the seat's reading stands when there is something. */
  readonly place: Place | null;
  readonly waitMs: number;
  readonly eventsMax: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
};

export async function receive(receiving: Receiving): Promise<Result<{ readonly read: Read }>> {
  const { seat, place, waitMs, eventsMax, clock } = receiving;
  const until = clock.now() + waitMs;
  for (;;) {
    const fault = obstacle(receiving);
    if (fault !== null) return failure(fault);
    const read = readFrom(seat, place ?? seat.places.at, eventsMax);
    const leftMs = until - clock.now();
    if (read.events.length > 0 || (leftMs <= 0 && seat.line.ending === null)) {
      seat.places.at = read.after;
      return { ok: true, read };
    }
    if (seat.line.ending !== null) return failure(seat.line.ending.fault ?? "unavailable");
    await change(receiving, leftMs);
  }
}

/** Why the call may not read (any more). */
function obstacle({ seat, state, signal }: Receiving): Fault | null {
  if (signal?.aborted) return "aborted";
  if (state.ended) return "session_ended";
  if (seat.line.left) return "left";
  return seat.holder === state ? null : "seat_taken";
}

/** Resolves when there is news of the seat, when the time is over, or when the caller has gone. */
function change({ seat, signal, clock }: Receiving, ms: number): Promise<void> {
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
