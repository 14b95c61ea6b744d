/**
 * Compares what the directory lists as held by this gateway with its sessions and joins under way,
 * and gives back the rest: quota slots and streams whose release was lost, or which a command took
 * that was executed after its release.
 */
import type { Directory, GatewayId, Held } from "@ams/directory";
import type { Log } from "@ams/process";

/**
 * Pages of one round, of which there is one a heartbeat: a walk through the 128 partitions of a
 * small gateway takes four rounds.
 */
const PAGES_PER_ROUND = 32;

/** Listed members after which a round ends: a few milliseconds of work here. */
const MEMBERS_PER_ROUND = 2_000;

export type ReviewDeps = {
  readonly directory: Pick<Directory, "heldBy" | "letGo">;
  /** The id under which this gateway holds its streams at present. */
  readonly gateway: () => GatewayId;
  /**
   * Whether a session or a join of this gateway answers for it. A connection's id never comes
   * again.
   */
  readonly answersFor: (held: Held) => boolean;
  readonly log: Log;
};

export class Review {
  readonly #deps: ReviewDeps;
  /** Whose pages are read at present, and the next one. */
  #gateway: GatewayId | null = null;
  #cursor: string | null = null;

  constructor(deps: ReviewDeps) {
    this.#deps = deps;
  }

  /** Some pages further; behind the last the next round begins again. */
  async round(): Promise<void> {
    const count = await this.#readPages();
    if (count > 0) this.#deps.log.warn({ event: "given_back", count }, "gave back leftovers");
  }

  /** How many members had nobody to answer for them. */
  async #readPages(): Promise<number> {
    const { directory, gateway, answersFor } = this.#deps;
    const id = gateway();
    if (id !== this.#gateway) this.#cursor = null;
    this.#gateway = id;
    let members = 0;
    let givenBack = 0;
    for (let page = 0; page < PAGES_PER_ROUND && members < MEMBERS_PER_ROUND; page += 1) {
      const { held, next } = await directory.heldBy(id, this.#cursor);
      this.#cursor = next;
      members += held.length;
      const unclaimed = held.filter((one) => !answersFor(one));
      for (const one of unclaimed) await directory.letGo(id, one);
      givenBack += unclaimed.length;
      if (next === null) break;
    }
    return givenBack;
  }
}
