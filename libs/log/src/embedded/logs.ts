/**
 * The second table: what is known of each log.
 *
 * | table | key | value | ends |
 * |---|---|---|---|
 * | logs | channel | its terms, the last id that was given, the last id that was removed | drop |
 */
import type { ReplayTerms } from "@ams/protocol";
import type { File, Table } from "@ams/store";
import type { EntryId } from "../log.ts";

export type StoredLog = {
  readonly terms: ReplayTerms;
  readonly last: EntryId;
  readonly removed: EntryId | null;
};

export function openLogs(file: File): Table<StoredLog> {
  return file.openDB<StoredLog, string>({ name: "logs", encoding: "json" });
}
