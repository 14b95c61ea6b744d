/**
 * How a rate changes over a run, and when each event of it is due: tokens of an emitter, arrivals
 * of visitors, connections that break. A rate is a row of phases, each a straight line.
 */

export type Phase = {
  readonly seconds: number;
  /** Events per second at the beginning and at the end; may be fractions. */
  readonly from: number;
  readonly to: number;
};
export type Rhythm = readonly Phase[];

/** Of an event: what is due by the end is sent, in spite of rounding. */
const ROUNDING = 1e-9;

/** A rate that rises from nothing over the ramp, where there is one, and then stays. */
export function steady(rate: number, ramp_s: number, duration_s: number): Rhythm {
  const full = { seconds: duration_s, from: rate, to: rate };
  return ramp_s === 0 ? [full] : [{ seconds: ramp_s, from: 0, to: rate }, full];
}

/** Seconds from the first event to the last. */
export function lengthOf(rhythm: Rhythm): number {
  return rhythm.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Seconds of the phases whose rate changes. */
export function rampOf(rhythm: Rhythm): number {
  return lengthOf(rhythm.filter(({ from, to }) => from !== to));
}

export function rateMaxOf(rhythm: Rhythm): number {
  return Math.max(0, ...rhythm.flatMap(({ from, to }) => [from, to]));
}

/** Events owed by a moment, seconds after the start; a fraction between two events. */
export function owedBy(rhythm: Rhythm, seconds: number): number {
  let left = Math.max(0, seconds);
  let owed = 0;
  for (const phase of rhythm) {
    const t = Math.min(left, phase.seconds);
    owed += phase.from * t + (slopeOf(phase) * t * t) / 2;
    left -= t;
  }
  return owed;
}

/** Events per second that are asked for at a moment. */
export function rateAt(rhythm: Rhythm, seconds: number): number {
  let left = seconds;
  for (const phase of rhythm) {
    if (left < phase.seconds) return phase.from + slopeOf(phase) * left;
    left -= phase.seconds;
  }
  return rhythm.at(-1)?.to ?? 0;
}

/** Seconds after the start at which so much is owed; null when that is after the end. */
export function dueAt(rhythm: Rhythm, owed: number): number | null {
  let left = owed;
  let at = 0;
  for (const phase of rhythm) {
    const all = (phase.seconds * (phase.from + phase.to)) / 2;
    if (left < all - ROUNDING) return at + secondsUntil(phase, left);
    left = Math.max(0, left - all);
    at += phase.seconds;
  }
  return null;
}

/** The root of `from * t + slope * t² / 2 = owed`, in the form that is exact for a slope of 0. */
function secondsUntil(phase: Phase, owed: number): number {
  if (owed <= 0) return 0;
  const root = Math.sqrt(Math.max(0, phase.from * phase.from + 2 * slopeOf(phase) * owed));
  return (2 * owed) / (phase.from + root);
}

function slopeOf({ seconds, from, to }: Phase): number {
  return seconds === 0 ? 0 : (to - from) / seconds;
}
