/** The time that a process runs by. */
import type { Clock } from "./contract.ts";

/**
 * The machine's monotonic clock. Its timers don't keep a process alive that has nothing else to do.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
