/**
 * What a claim of a stream means for the connection that held it here, and for claims in this
 * gateway's name that nobody waits for.
 */
import type { RosterEntry, RosterEvent } from "@ams/directory";
import { toIso } from "../time.ts";
import type { Emission } from "./emission.ts";
import type { Sessions, SessionsParts } from "./sessions.ts";

export type Displaced = NonNullable<Extract<RosterEvent, { kind: "claimed" }>["displaced"]>;

export type TakeoversParts = Pick<SessionsParts, "where" | "deps" | "roster" | "arrivals"> & {
  readonly sessions: Sessions;
  readonly emission: Emission;
};

export class Takeovers {
  readonly #parts: TakeoversParts;

  constructor(parts: TakeoversParts) {
    this.#parts = parts;
  }

  /**
   * Ends the displaced connection if it is, or was, one of this gateway. True when there is nobody
   * else to wait for here.
   */
  displaceHere(displaced: Displaced, by: RosterEntry): boolean {
    const { deps, sessions, arrivals, emission } = this.#parts;
    const session = sessions.get(displaced.connection);
    const isPending = arrivals.has(displaced.connection);
    const isHere = session !== undefined || displaced.gateway === deps.gateway();
    if (!isHere) return false;
    const stream = session?.stream;
    if (session !== undefined) sessions.expel(session, "stream_displaced");
    else arrivals.refuse(displaced.connection, "stream_displaced");
    const sent = sessions.lastNOf(displaced.connection) ?? (isPending ? 0 : null);
    const n = stream?.lastN ?? sent;
    // Unknown here: the leave that is on its way says how far it came.
    if (n === null) return true;
    // Also when the new holder is here: the others must hear how far the old one had come.
    emission.announceYield({
      stream_id: by.stream_id,
      epoch: displaced.epoch,
      n,
      ts: stream === undefined ? null : toIso(stream.lastMs),
    });
    return true;
  }

  /** Ends a session here of whose takeover no event came. True when there was one. */
  yieldUnheard(by: RosterEntry): boolean {
    const { roster, sessions } = this.#parts;
    const held = roster.get(by.stream_id)?.entry;
    if (held === undefined || !sessions.has(held.connection)) return false;
    if (held.epoch > by.epoch || held.connection === by.connection) return false;
    this.displaceHere(held, by);
    if (held.joined_at === by.joined_at) {
      roster.claimed(by, true);
      roster.yielded(held.epoch, null); // Here nothing of it was lost.
    }
    return true;
  }

  /** A claim in this gateway's name that nobody here waits for any more is given back. */
  returnOrphan(entry: RosterEntry): void {
    const { where, deps, sessions } = this.#parts;
    if (entry.gateway !== deps.gateway() || sessions.has(entry.connection)) return;
    const n = sessions.lastNOf(entry.connection) ?? null;
    deps.holdings.giveBack(where, entry, null, { n, ts: toIso(deps.now()) });
  }
}
