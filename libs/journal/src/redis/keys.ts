/**
 * The keys of journals in Redis. All keys of a journal share a hash tag, so that a script touches
 * one slot of a Cluster; only the index of names lies elsewhere.
 */

const PREFIX = "ams-journal";

export type JournalKeys = {
  /** Stream of entries; the id of an entry is `<seq + 1>-0`. */
  readonly entries: string;
  /** Hash: head, at, epoch. */
  readonly meta: string;
  /** Hash: key → seq. */
  readonly keys: string;
  /** The head, published after each append. */
  readonly channel: string;
};

/** Sorted set of all names, by which they are listed. */
export const INDEX = `${PREFIX}:index`;

export function keysOf(journal: string): JournalKeys {
  const tag = tagOfJournal(journal);
  return {
    entries: `${tag}:entries`,
    meta: `${tag}:meta`,
    keys: `${tag}:keys`,
    channel: `${tag}:heads`,
  };
}

export function snapshotKey(journal: string, format: string): string {
  return `${tagOfJournal(journal)}:snapshot:${format}`;
}

export function blobKey(journal: string, sha256: string): string {
  return `${tagOfJournal(journal)}:blob:${sha256}`;
}

export function journalOfChannel(channel: string): string {
  return channel.slice(channel.indexOf("{j:") + 3, channel.indexOf("}"));
}

function tagOfJournal(journal: string): string {
  return `${PREFIX}:{j:${journal}}`;
}
