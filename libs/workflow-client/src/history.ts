/**
 * What this agent has seen of the log: a size and a root. Whatever the service says later has to
 * be consistent with it; what isn't is a fork, and the agent stops.
 */
import { fromHex, verifyConsistency } from "@ams/provenance";
import { WorkflowError } from "./errors.ts";
import type { Http } from "./http.ts";

export type Seen = { readonly size: number; readonly root: string };

/** Where what was seen is kept between two runs of a program. */
export type HistoryStore = {
  readonly load: () => Promise<Seen | null>;
  readonly save: (seen: Seen) => Promise<void>;
};

export class History {
  readonly #http: Http;
  readonly #store: HistoryStore | null;
  #seen: Seen | null = null;
  #isForked = false;

  constructor(http: Http, store: HistoryStore | null) {
    this.#http = http;
    this.#store = store;
  }

  get isForked(): boolean {
    return this.#isForked;
  }

  async open(): Promise<void> {
    this.#seen = (await this.#store?.load()) ?? null;
  }

  /** Takes a newer size and root after a proof; an older one proves nothing new. */
  async advance(to: Seen): Promise<void> {
    const from = this.#seen;
    if (from === null || from.size === 0) return await this.#keep(to);
    if (to.size < from.size) {
      // A frame may be late; a head that is behind for good shows in the service's refusals.
      await this.#prove(to, from);
      return;
    }
    await this.#prove(from, to);
    await this.#keep(to);
  }

  async #prove(from: Seen, to: Seen): Promise<void> {
    if (from.size === to.size && from.root === to.root) return;
    const proof = from.size === to.size ? [] : await this.#fetch(from.size, to.size);
    const [first, last] = [bytes(from.root), bytes(to.root)];
    if (verifyConsistency(from.size, to.size, first, last, proof)) return;
    this.#isForked = true;
    const details = { from: from.size, to: to.size };
    throw new WorkflowError("fork_detected", "The log is not the one seen before.", details);
  }

  async #fetch(from: number, to: number): Promise<readonly Uint8Array[]> {
    if (from === 0) return [];
    const { proof } = await this.#http.ask("GET", `/log/proof/consistency?from=${from}&to=${to}`);
    return Array.isArray(proof) ? proof.map((hash: unknown) => bytes(String(hash))) : [];
  }

  async #keep(seen: Seen): Promise<void> {
    this.#seen = seen;
    await this.#store?.save(seen);
  }
}

function bytes(hex: string): Uint8Array {
  return fromHex(hex, 32) ?? new Uint8Array();
}
