/** Times as people read them. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

/**
 * Milliseconds by which a clock may be off before its person is warned: a few minutes confuse
 * nobody.
 */
const CLOCK_OFF_MS = 120_000;

/** Hours and minutes where this person is, of an ISO 8601 time; empty when it is none. */
export function clockTime(ts: string | null): string {
  const at = ts === null ? Number.NaN : Date.parse(ts);
  return Number.isNaN(at) ? "" : CLOCK.format(at);
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The day of a time of this machine's clock. */
export function dayOf(atMs: number): string {
  return Number.isFinite(atMs) ? DAY.format(atMs) : "";
}

const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

/** When something ends, of an ISO 8601 time: the clock alone where that is today. */
export function untilTime(ts: string, nowMs: number): string {
  const at = Date.parse(ts);
  if (Number.isNaN(at)) return "";
  return dayOf(at) === dayOf(nowMs) ? CLOCK.format(at) : DAY_AND_CLOCK.format(at);
}

/** To the millisecond. */
export function exactTime(atMs: number): string {
  return EXACT.format(atMs);
}

/**
 * What to say about a clock that the broker's is `aheadMs` ahead of; null when it is near enough.
 */
export function clockWarning(aheadMs: number): string | null {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  if (Math.abs(aheadMs) < CLOCK_OFF_MS) return null;
  const span = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  const way = aheadMs > 0 ? "slow" : "fast";
  return `The clock of this machine is ${span} ${way}. The times shown here are the server's.`;
}
