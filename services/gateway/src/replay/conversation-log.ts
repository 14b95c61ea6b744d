/**
 * A conversation's log as this gateway uses it: what it appends, how far the log is known to be
 * delivered here, and whether all that is in it came by the channel.
 *
 * `kept` says at its place on the channel how many batches were ever appended. As each was
 * published by the step that appended it, a gateway that has received another number has lost some
 * (§7.5). That is a hole: until the log was read from the last place before it to its end, no later
 * place counts as delivered, though what comes by the channel is counted again.
 */
import type { LogEvent } from "@ams/directory";
import {
  after,
  type EntryId,
  formatCursor,
  type LogName,
  type ReplayLog,
  tagOfLog,
} from "@ams/log";
import type { ReplayTerms } from "@ams/protocol";

/** Milliseconds after which what was appended is announced: `x_cursor` comes every second. */
const MARK_MS = 700;

/**
 * Bytes appended since the last mark at which the log is trimmed at once: a part of it, and no more
 * than the store reads in a millisecond or two.
 */
const TRIM_BYTES_MIN = 65_536;
const TRIM_BYTES_MAX = 1_048_576;
const TRIM_PART = 4;

export type ConversationLogParts = {
  readonly log: ReplayLog;
  readonly name: LogName;
  /** Everything up to this cursor was delivered here. */
  readonly moved: (cursor: string) => void;
  /** The log has what did not come here. */
  readonly lost: () => void;
  /** There is more to read. */
  readonly grown: () => void;
};

export class ConversationLog {
  readonly log: ReplayLog;
  readonly name: LogName;
  /** What its cursors begin with. */
  readonly tag: string;
  readonly #parts: ConversationLogParts;
  readonly #trimBytes: number;
  /** Batches of this gateway: handed over, come back, come back before the last `kept`. */
  #sent = 0;
  #returned = 0;
  #covered = 0;
  /** Batches that came by the channel, and how many were in the log when that was counted. */
  #received = 0;
  #base: { readonly added: number; readonly received: number } | null = null;
  #bytes = 0;
  #delivered: EntryId | null = null;
  #announced = "";
  /** Holes that were found, and how many of them the log has filled. */
  #holes = 0;
  #filled = 0;
  #timer: NodeJS.Timeout | null = null;
  #isMarking = false;
  #isClosed = false;

  constructor(parts: ConversationLogParts) {
    this.#parts = parts;
    this.log = parts.log;
    this.name = parts.name;
    this.tag = tagOfLog(parts.name.channel);
    const part = Math.floor(parts.name.terms.max_bytes / TRIM_PART);
    this.#trimBytes = Math.min(TRIM_BYTES_MAX, Math.max(TRIM_BYTES_MIN, part));
  }

  /** All batches up to this one were delivered here; null before that is known. */
  get delivered(): EntryId | null {
    return this.#delivered;
  }

  /** Whether something before what now comes by the channel may be missing here. */
  get hasHole(): boolean {
    return this.#filled < this.#holes;
  }

  /** Nobody here needs what is before this place, and all behind it comes by the channel. */
  begin({ ms, seq }: EntryId): void {
    this.#delivered = { ms, seq };
  }

  /** Keeps a batch of this gateway. */
  readonly append = async (batch: Buffer): Promise<boolean> => {
    this.#sent += 1;
    this.#bytes += batch.length;
    const kept = this.log.append(this.name, batch);
    if (this.#bytes >= this.#trimBytes && !this.#isMarking) this.mark();
    else this.#markLater();
    const isKept = await kept;
    if (isKept) this.#parts.grown();
    return isKept;
  };

  /** A batch came by the channel. */
  countReceived(isOwn: boolean): void {
    this.#received += 1;
    if (isOwn) this.#returned += 1;
    else this.#parts.grown();
  }

  /** The log has come so far, at this place of the channel. */
  kept({ ms, seq, added }: LogEvent): void {
    this.#covered = this.#returned;
    const base = this.#base;
    if (base !== null && added - base.added !== this.#received - base.received) {
      this.rebase();
      this.#parts.lost();
      return;
    }
    this.#base = { added, received: this.#received };
    if (this.hasHole) return;
    this.#delivered = { ms, seq };
    const cursor = formatCursor(this.tag, after({ ms, seq }));
    if (cursor === this.#announced) return;
    this.#announced = cursor;
    if (ms > 0) this.#parts.moved(cursor);
  }

  /** What came here may be less than what is in the log: counts anew from the next `kept`. */
  rebase(): void {
    this.#base = null;
    this.#holes += 1;
  }

  /** The log is about to be read from `delivered` on; to be called when all of it was delivered. */
  beginFill(): (to: EntryId) => void {
    const found = this.#holes;
    return (to) => {
      this.#filled = found;
      this.#delivered = to;
    };
  }

  /** Trims the log and announces how far it has come. */
  mark(): void {
    this.#isMarking = true;
    this.#bytes = 0;
    const done = () => {
      this.#isMarking = false;
      if (this.#covered < this.#sent) this.#markLater();
    };
    this.log.mark(this.name).then(done, done);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.log.mark(this.name).catch(() => undefined);
  }

  #markLater(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#covered < this.#sent && !this.#isMarking) this.mark();
    }, MARK_MS).unref();
  }
}

/** Null for a conversation that keeps nothing, or at a gateway without a log. */
export function openConversationLog(
  log: ReplayLog | null,
  channel: string,
  terms: ReplayTerms | null,
  parts: Omit<ConversationLogParts, "log" | "name">,
): ConversationLog | null {
  if (log === null || terms === null) return null;
  return new ConversationLog({ ...parts, log, name: { channel, terms } });
}
