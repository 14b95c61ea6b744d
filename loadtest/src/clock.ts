/**
 * One clock for every worker of a load run. On one machine it is the monotonic clock
 * (CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS), which all processes share and nobody
 * sets. A worker on another machine adds the offset that the run has measured.
 */

/**
 * What `performance.now` starts from, in microseconds of the shared clock; it stays the same as
 * long as the process lives.
 */
const ORIGIN_US = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

let offsetUs = 0;

/** Microseconds of this machine's clock. */
export function rawUs(): number {
  return ORIGIN_US + performance.now() * 1_000;
}

/** Microseconds of the run's clock. */
export function nowUs(): number {
  return rawUs() + offsetUs;
}

/** How far the run's clock is ahead of this machine's, in microseconds. */
export function setOffset(us: number): void {
  offsetUs = us;
}
