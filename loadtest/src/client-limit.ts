/**
 * Whether the load client was the limit, and not the deployment: then the figures say nothing of
 * AMS.
 */
import type { Second, Timeline } from "./timeline.ts";

export type ClientLimit = {
  readonly isLimit: boolean;
  /** Sentences. */
  readonly reasons: readonly string[];
  /**
   * Deliveries per second that one worker would manage with a whole core to itself; null when none
   * was ever half as busy.
   */
  readonly ceilingPerProcess: number | null;
  /** Of the busiest worker in its busiest second: share of a core. */
  readonly cpuMax: number;
  readonly stallMsMax: number;
};

/** Share of a core from which on a process that has one thread for its work is full. */
const CPU_FULL = 0.9;
/** Milliseconds without notice of anything that show up in the latencies. */
const STALL_MS = 50;
/**
 * Microseconds by which tokens go out too late: what timers and the collector of garbage cost is
 * below.
 */
const LATENESS_US = 20_000;
/** Share of the seconds in which it must be so, and seconds at least: once is chance. */
const SECONDS_SHARE = 0.1;
const SECONDS_MIN = 2;
/**
 * Share of a core from which on what a delivery costs shows: below it a process is busy with
 * itself.
 */
const CPU_AT_WORK = 0.5;

export function clientLimitOf(timeline: Pick<Timeline, "seconds">): ClientLimit {
  const seconds = timeline.seconds.filter(({ isWhole }) => isWhole);
  const count = (isSo: (second: Timeline["seconds"][number]) => boolean) =>
    seconds.filter(isSo).length;
  const full = count((second) => second.cpu >= CPU_FULL);
  const stalled = count((second) => second.stallMs >= STALL_MS);
  const late = count((second) => second.latenessP99Us >= LATENESS_US);
  const all = seconds.length;
  const isMany = (some: number) => some >= Math.max(SECONDS_MIN, all * SECONDS_SHARE);
  const reasons = [
    ...(isMany(full) ? [`A load process used 90 % of a core or more in ${full} of ${all} s.`] : []),
    ...(isMany(stalled)
      ? [`A load process was suspended for ${STALL_MS} ms or more in ${stalled} of ${all} s.`]
      : []),
    ...(isMany(late)
      ? [`Tokens were sent ${LATENESS_US / 1_000} ms late or more in ${late} of ${all} s.`]
      : []),
  ];
  return {
    isLimit: reasons.length > 0,
    reasons,
    ceilingPerProcess: ceilingOf(seconds.filter(({ cpu }) => cpu >= CPU_AT_WORK)),
    cpuMax: Math.max(0, ...seconds.map((second) => second.cpu)),
    stallMsMax: Math.max(0, ...seconds.map((second) => second.stallMs)),
  };
}

function ceilingOf(atWork: readonly Second[]): number | null {
  const received = atWork.reduce((sum, { tally }) => sum + tally.received, 0);
  const cpuSeconds = atWork.reduce((sum, second) => sum + second.cpuSeconds, 0);
  return cpuSeconds === 0 ? null : Math.round(received / cpuSeconds);
}
