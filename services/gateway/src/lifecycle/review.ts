/**
 * Compares what the directory lists as held by this gateway with its sessions and joins under way.
 * It gives back what nobody here answers for: quota slots and streams whose release was lost, or
 * which a command took that was executed after its release. And it takes again the quota slots of
 * sessions that the directory has lost.
 */
import type { ConnectionId, Directory, GatewayId, Held } from "@ams/directory";
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
  /** The connections of all sessions here. */
  readonly connections: () => Iterable<ConnectionId>;
  /** Takes the quota slot of a session again, if the session is still there. */
  readonly keepSlot: (connection: ConnectionId) => void;
  readonly log: Log;
};

export class Review {
  readonly #deps: ReviewDeps;
  /** Whose pages are read at present, and the next one. */
  #gateway: GatewayId | null = null;
  #cursor: string | null = null;
  /** Connections whose quota slots this walk has shown. */
  #shown = new Set<ConnectionId>();
  /** Sessions whose slots the walk before did not show: they may have joined while it went on. */
  #missing = new Set<ConnectionId>();

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
    if (id !== this.#gateway) this.#beginWalk();
    this.#gateway = id;
    let members = 0;
    let givenBack = 0;
    for (let page = 0; page < PAGES_PER_ROUND && members < MEMBERS_PER_ROUND; page += 1) {
      const { held, next } = await directory.heldBy(id, this.#cursor);
      this.#cursor = next;
      members += held.length;
      for (const one of held) if (one.kind === "quota_slot") this.#shown.add(one.slot.connection);
      const unclaimed = held.filter((one) => !answersFor(one));
      for (const one of unclaimed) await directory.letGo(id, one);
      givenBack += unclaimed.length;
      if (next !== null) continue;
      this.#endWalk();
      break;
    }
    return givenBack;
  }

  /** A slot that two whole walks did not show is lost. */
  #endWalk(): void {
    const { connections, keepSlot, log } = this.#deps;
    const missing = [...connections()].filter((connection) => !this.#shown.has(connection));
    const lost = missing.filter((connection) => this.#missing.has(connection));
    for (const connection of lost) keepSlot(connection);
    if (lost.length > 0)
      log.warn({ event: "slots_taken_again", count: lost.length }, "took lost slots again");
    this.#shown = new Set();
    this.#missing = new Set(missing);
  }

  #beginWalk(): void {
    this.#cursor = null;
    this.#shown = new Set();
    this.#missing = new Set();
  }
}
