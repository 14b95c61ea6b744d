/**
 * The contract of the log: what a conversation with replay keeps (§7). An entry is a batch as the
 * bus carries it, opaque here; entries are in one order for all readers, the order of the channel.
 *
 * A log is named by the channel of its conversation, which no other conversation ever has.
 */
import type { ReplayTerms } from "@ams/protocol";
import type { Position } from "./position.ts";

export type LogName = { readonly channel: string; readonly terms: ReplayTerms };

/** Where an entry is in its log: the time of its append in Unix ms, and its number within it. */
export type EntryId = { readonly ms: number; readonly seq: number };

export type Entry = EntryId & { readonly batch: Buffer };

export type Page = {
  /** In the order of the log. */
  readonly entries: readonly Entry[];
  /** True when there was nothing after the last of them. */
  readonly isEnd: boolean;
  /** The last entry that was removed, null when none was. */
  readonly removedTo: EntryId | null;
};

/** Announced on the channel, at its place among the batches: how far the log has come. */
export type KeptEvent = {
  readonly kind: "kept";
  readonly ms: number;
  readonly seq: number;
  /** Entries that were ever appended. */
  readonly added: number;
};

export interface ReplayLog {
  /**
   * Keeps a batch. Where the log and the bus are the same store, the batch is published on the
   * channel in the same atomic step; elsewhere the caller publishes it. Resolves true once it is
   * kept, false when it surely or possibly is not.
   */
  append(name: LogName, batch: Buffer): Promise<boolean>;
  /**
   * The entries from a position on, at most `entries`, fewer where they are large. Includes all
   * that was appended before.
   */
  readAfter(name: LogName, position: Position, entries: number): Promise<Page>;
  /**
   * The latest entries before a position, or of all, in the order of the log: at most `entries`,
   * fewer where they are large.
   */
  readBefore(name: LogName, before: EntryId | null, entries: number): Promise<Page>;
  /** Behind everything that is kept: a position from which only later entries are read. */
  end(name: LogName): Promise<Position>;
  /** Removes what is too old or too much, and announces `kept` on the channel. */
  mark(name: LogName): Promise<void>;
  /** Removes what is too old of every log that this process keeps itself. */
  trim(): Promise<void>;
  /** The conversation is no more. */
  drop(channel: string): Promise<void>;
  close(): Promise<void>;
}
