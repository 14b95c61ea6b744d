/**
 * Bodies of messages, outside the log: each is kept under the hash of its message, so that erasing
 * one touches no other message, and every proof holds.
 */
import type { Journals } from "@ams/journal";
import { messageHash, type Node } from "@ams/workflow-rules";
import type { Prepared } from "./live-space.ts";

/** Bodies that are erased in one turn of time. */
const ERASED_AT_ONCE = 64;

export class Bodies {
  readonly #journals: Journals;
  readonly #journal: string;
  /** Milliseconds that a body is kept; null permanently. */
  readonly #keptMs: number | null;
  readonly #now: () => number;
  #isErasing = false;
  /** The next message whose body is to be erased when its time is over. */
  #erased = 0;

  constructor(journals: Journals, journal: string, ttlS: number | null, now: () => number) {
    this.#journals = journals;
    this.#journal = journal;
    this.#keptMs = ttlS === null ? null : ttlS * 1_000;
    this.#now = now;
  }

  /** Before the entry that names it: a body without an entry is harmless. */
  async put({ header, body }: Prepared): Promise<void> {
    await this.#journals.putBlob(this.#journal, messageHash(header), body);
  }

  /** Null where it was erased, or its time is over. */
  async get({ msg, at }: Pick<Node, "msg" | "at">): Promise<Uint8Array | null> {
    return this.#isOld(at) ? null : await this.#journals.getBlob(this.#journal, msg);
  }

  /** False where it was erased before. */
  async erase(msg: string): Promise<boolean> {
    return await this.#journals.deleteBlob(this.#journal, msg);
  }

  /** Erases those whose time is over, a few at a time; after a start it begins with the first. */
  async eraseOld(nodes: readonly Node[]): Promise<void> {
    if (this.#keptMs === null || this.#isErasing) return;
    this.#isErasing = true;
    try {
      for (let count = 0; count < ERASED_AT_ONCE; count += 1) {
        const node = nodes[this.#erased];
        if (node === undefined || !this.#isOld(node.at)) return;
        await this.erase(node.msg);
        this.#erased += 1;
      }
    } finally {
      this.#isErasing = false;
    }
  }

  #isOld(at: number): boolean {
    return this.#keptMs !== null && at + this.#keptMs <= this.#now();
  }
}
