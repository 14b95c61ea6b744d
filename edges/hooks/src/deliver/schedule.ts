/** When an event is tried again, and when a webhook is given up (§2.15.5, §2.15.6). */
import { DEAD_MS, FAILURES_MIN, JITTER, RETRY_MS } from "../limits.ts";

/** Unix milliseconds of the next attempt; null when the event is dead. `chance` is from 0 to 1. */
export function nextAttempt(
  event: { readonly attempts: number; readonly since_ms: number },
  nowMs: number,
  chance: number,
): number | null {
  const index = Math.min(event.attempts, RETRY_MS.length) - 1;
  const delayMs = RETRY_MS[Math.max(0, index)] ?? RETRY_MS[0];
  const next = Math.round(nowMs + delayMs * (1 + JITTER * chance));
  return next - event.since_ms > DEAD_MS ? null : next;
}

/** Failures in a row. */
export type Health = { readonly failures: number; readonly since_ms: number };

export function isGivenUp({ failures, since_ms }: Health, nowMs: number): boolean {
  return failures >= FAILURES_MIN && nowMs - since_ms >= DEAD_MS;
}
