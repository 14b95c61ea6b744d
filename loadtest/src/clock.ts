/**
 * One clock for every process of a load run: the machine's monotonic clock (CLOCK_MONOTONIC on
 * Linux, mach_absolute_time on macOS), which all processes of one machine share and nobody sets. A
 * time that one process sends is therefore comparable in another.
 */

/**
 * What `performance.now` starts from, in microseconds of the shared clock; it stays the same as
 * long as the process lives.
 */
const ORIGIN_US = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/** Microseconds since some moment before this machine started. */
export function nowUs(): number {
  return ORIGIN_US + performance.now() * 1_000;
}
