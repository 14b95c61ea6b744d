/**
 * The keys of journals in Redis. All keys of a journal share a hash tag, so that a script touches
 * one slot of a Cluster; only the index of names lies elsewhere. All begin with one prefix, so that
 * two services can share a server, each as a user who reaches its own keys alone.
 */

export const JOURNAL_PREFIX = "ams-journal";

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

export class JournalNames {
  /** Sorted set of all names, by which they are listed. */
  readonly index: string;
  /** String: the version of what lies under the prefix. */
  readonly format: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.index = `${prefix}:index`;
    this.format = `${prefix}:format`;
  }

  keysOf(journal: string): JournalKeys {
    const tag = this.#tagOf(journal);
    return {
      entries: `${tag}:entries`,
      meta: `${tag}:meta`,
      keys: `${tag}:keys`,
      channel: `${tag}:heads`,
    };
  }

  snapshotKey(journal: string, format: string): string {
    return `${this.#tagOf(journal)}:snapshot:${format}`;
  }

  blobKey(journal: string, sha256: string): string {
    return `${this.#tagOf(journal)}:blob:${sha256}`;
  }

  #tagOf(journal: string): string {
    return `${this.#prefix}:{j:${journal}}`;
  }
}

export function journalOfChannel(channel: string): string {
  return channel.slice(channel.indexOf("{j:") + 3, channel.indexOf("}"));
}
