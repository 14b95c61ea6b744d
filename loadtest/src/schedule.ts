/**
 * When each token of a run is due: the rate rises from nothing over the ramp, in a straight line,
 * and then stays.
 */

export type Rhythm = {
  /** Tokens per second of one emitter, once the ramp is over; may be a fraction. */
  readonly rate: number;
  /** Seconds; 0 is at full rate from the start. */
  readonly ramp_s: number;
  /** Seconds at full rate. */
  readonly duration_s: number;
};

/** Seconds from the first token to the last. */
export function lengthOf({ ramp_s, duration_s }: Rhythm): number {
  return ramp_s + duration_s;
}

/**
 * Tokens that one emitter owes by a moment, seconds after the start; a fraction between two tokens.
 */
export function owedBy(rhythm: Rhythm, seconds: number): number {
  const { rate, ramp_s } = rhythm;
  const t = Math.min(Math.max(seconds, 0), lengthOf(rhythm));
  return t < ramp_s ? (rate * t * t) / (2 * ramp_s) : (rate * ramp_s) / 2 + rate * (t - ramp_s);
}

/** Tokens per second that one emitter is asked for at a moment. */
export function rateAt({ rate, ramp_s }: Rhythm, seconds: number): number {
  return seconds < ramp_s ? (rate * seconds) / ramp_s : rate;
}

/**
 * Seconds after the start at which token `index`, from 0, is due. `phase`, from 0 to less than 1,
 * sets the emitters apart: at the same moment they would come in bursts.
 */
export function dueAt({ rate, ramp_s }: Rhythm, index: number, phase: number): number {
  const owed = index + phase;
  const inRamp = (rate * ramp_s) / 2;
  return owed < inRamp ? Math.sqrt((2 * ramp_s * owed) / rate) : ramp_s + (owed - inRamp) / rate;
}

/** How many tokens one emitter sends in all: those that are due before the end. */
export function tokensOf(rhythm: Rhythm, phase: number): number {
  return rhythm.rate === 0
    ? 0
    : Math.max(0, Math.ceil(owedBy(rhythm, lengthOf(rhythm)) - phase - 1e-9));
}
