/** What a load client measured: its last line, as both clients write it. */

/** Microseconds. */
export type Spread = {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

export type GroupResult = {
  readonly name: string;
  readonly members: number;
  /** Entered, and still there at the end. */
  readonly joined: number;
  readonly failed: number;
  /** Tokens, and tokens at readers, within the measured time; `_total` from first to last. */
  readonly emitted: number;
  readonly delivered: number;
  readonly emitted_total: number;
  readonly delivered_total: number;
  readonly expected_total: number;
  /** Deliveries that never came. */
  readonly lost: number;
  /** Counts that a reader saw skipped. */
  readonly missed: number;
  readonly doubled: number;
  readonly reordered: number;
  /** An emitter's own tokens, come back. */
  readonly own: number;
  /** Tokens whose seq wasn't the emitter's count. */
  readonly wrong_seq: number;
  readonly alarms: number;
  /** Connections by the code with which they were closed; 0: cut, or never there. */
  readonly closes: Readonly<Record<string, number>>;
  readonly latency_us: Spread;
  /** How late the client itself was with tokens that were due. */
  readonly late_us: Spread;
  /** From the first byte out to having entered. */
  readonly joining_us: Spread;
};

export type LoadResult = {
  readonly measured_s: number;
  /** From the first connect until the last had entered. */
  readonly ready_s: number;
  /** From the first loss until all were back. */
  readonly back_s: number;
  /** Seconds of processor time; -1 where the system doesn't say. */
  readonly client_cpu_s: number;
  readonly cpu_s: Readonly<Record<string, number>>;
  readonly groups: readonly GroupResult[];
};

/**
 * What went wrong in a run in which nothing may be lost, as sentences; none when all is well.
 * `closedMax`: so many connections of each group may be closed, as they were meant to be.
 */
export function faultsOf(
  result: LoadResult,
  { closedMax = 0 }: { readonly closedMax?: number } = {},
): readonly string[] {
  return result.groups.flatMap((group) => {
    const wrong = {
      "did not enter": group.failed,
      "were closed": Math.max(0, group.members - group.joined - group.failed - closedMax),
      "deliveries lost": group.lost,
      skipped: group.missed,
      doubled: group.doubled,
      reordered: group.reordered,
      "delivered to their own emitter": group.own,
      "with a wrong seq": group.wrong_seq,
      "losses reported by the broker": group.alarms,
    };
    return Object.entries(wrong)
      .filter(([, count]) => count !== 0)
      .map(([what, count]) => `${group.name}: ${count} ${what}`);
  });
}

export function groupOf(result: LoadResult, name: string): GroupResult {
  const found = result.groups.find((group) => group.name === name);
  if (found === undefined) throw new Error(`The load client has reported nothing of ${name}.`);
  return found;
}
