/** Append-only journals: a contract, a driver for Redis, one for a file. */
export { openEmbeddedJournals } from "./embedded/embedded-journals.ts";
export { type Fold, JournalFold, SNAPSHOT_ENTRIES } from "./fold.ts";
export type {
  Appended,
  Durability,
  Entry,
  Journals,
  Known,
  Names,
  Page,
  PageLimit,
  Stored,
} from "./journal.ts";
export {
  APPEND_BYTES_MAX,
  APPEND_ENTRIES_MAX,
  BLOB_BYTES_MAX,
  ENTRY_BYTES_MAX,
} from "./limits.ts";
export { measureJournals } from "./measured.ts";
export { type JournalPlace, openJournals, parseDurability } from "./open-journals.ts";
export { openRedisJournals } from "./redis/redis-journals.ts";
