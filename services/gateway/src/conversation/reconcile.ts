/** What the directory says of a conversation, taken up after events may have been lost. */
import type { RosterEntry } from "@ams/directory";
import { toIso } from "../time.ts";
import type { Takeovers, TakeoversParts } from "./takeovers.ts";

export type ReconcileParts = Omit<TakeoversParts, "emission"> & { readonly takeovers: Takeovers };

export class Reconcile {
  readonly #parts: ReconcileParts;

  constructor(parts: ReconcileParts) {
    this.#parts = parts;
  }

  apply(entries: readonly RosterEntry[]): void {
    const { deps, roster, sessions, takeovers } = this.#parts;
    const orphans = new Set(entries.filter((entry) => this.#isOrphan(entry)));
    for (const entry of orphans) takeovers.returnOrphan(entry);
    const present = entries.filter((entry) => !orphans.has(entry));
    const unheard = present.filter((entry) => this.#isUnheard(entry));
    const taken = new Set(unheard.filter(({ stream_id }) => roster.get(stream_id)));
    for (const entry of present) takeovers.yieldUnheard(entry);
    roster.reconcile(present, toIso(deps.now()), ({ entry }) => sessions.has(entry.connection));
    for (const entry of unheard) this.#acceptUnheard(entry, taken.has(entry));
    this.#doubtUnnamed(entries);
  }

  /** A claim in this gateway's name for which there is neither a session nor a join. */
  #isOrphan({ gateway, connection }: RosterEntry): boolean {
    const { deps, sessions, arrivals } = this.#parts;
    return gateway === deps.gateway() && !sessions.has(connection) && !arrivals.has(connection);
  }

  /** The claim of a pending join whose event was lost. One that was heard waits for a yield. */
  #isUnheard({ stream_id, connection }: RosterEntry): boolean {
    const { roster, arrivals } = this.#parts;
    const known = roster.get(stream_id)?.entry.connection;
    return arrivals.has(connection) && known !== connection;
  }

  #acceptUnheard({ stream_id, connection }: RosterEntry, resumed: boolean): void {
    const { roster, arrivals } = this.#parts;
    const stream = roster.get(stream_id);
    if (stream?.entry.connection === connection) arrivals.accept(connection, { stream, resumed });
  }

  /** Sessions here that the directory does not name: they are claimed again, or end. */
  #doubtUnnamed(entries: readonly RosterEntry[]): void {
    const { deps, roster, sessions } = this.#parts;
    const named = new Set(entries.map(({ connection }) => connection));
    for (const { stream } of sessions.values()) {
      if (named.has(stream.entry.connection)) continue;
      roster.doubt(stream);
      deps.recheck();
    }
  }
}
