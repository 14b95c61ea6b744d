/** Numbers that a seed determines, so that every worker draws the same row (mulberry32). */

/** Each call returns the next number, from 0 to less than 1. */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Between the two, both in the same unit. */
export function between(random: Random, [from, to]: readonly [number, number]): number {
  return from + (to - from) * random();
}
