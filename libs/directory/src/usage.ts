/** The part of the directory's contract that is about what accounts have used (§2.10). */
import type { AccountId } from "@ams/protocol";

/** What is counted of an account in an hour. All whole numbers, none of which ever falls. */
export const USAGE_COUNTS = [
  "tokens_in",
  "bytes_in",
  "deliveries",
  "bytes_out",
  "connection_ms",
  "replay_bytes",
] as const;

export type UsageCount = (typeof USAGE_COUNTS)[number];

export type UsageCounts = Readonly<Record<UsageCount, number>>;

/** One hour of an account, over all gateways. */
export type UsageHour = UsageCounts & {
  /** Hours since 1970, UTC. */
  readonly hour: number;
  /** The most streams that were live at a moment at which a gateway handed in its counts. */
  readonly peak_streams: number;
};

/** What an account uses per second, as one gateway measured it. */
export type UsageRates = {
  readonly frames: number;
  readonly bytes: number;
  readonly deliveries: number;
};

/** What one gateway counted of one account since it last handed in. */
export type UsageDelta = {
  readonly account_id: AccountId;
  /** Hours since 1970, UTC. */
  readonly hour: number;
  readonly counts: UsageCounts;
  readonly rates: UsageRates;
};

/** Hours for which use is kept: 35 days. */
export const USAGE_KEPT_HOURS = 840;

/** Hours after which who has handed in is forgotten: a repeated hand-in comes within seconds. */
export const SOURCE_KEPT_HOURS = 24;

/** Milliseconds for which rates that were handed in count as those of now. */
export const RATES_MS = 3_000;

export const HOUR_MS = 3_600_000;

export interface Usage {
  /**
   * Adds what a gateway counted. `seq` rises with each hand-in of a source: one that is repeated,
   * since its answer was lost, counts once. What belongs to no account is dropped.
   */
  handIn(source: string, seq: number, deltas: readonly UsageDelta[]): Promise<void>;
  /** The hours with any use from `fromHour` on, the oldest first. */
  usageOf(id: AccountId, fromHour: number): Promise<readonly UsageHour[]>;
}
