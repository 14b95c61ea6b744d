/** All sessions of the process. */

import { failure } from "../checks/faults.ts";
import type { Clock, Counters, Result } from "../contract.ts";
import {
  SESSION_COUNTED_MS,
  SESSION_ID_CHARACTERS_MAX,
  SESSION_KEPT_MS,
  UNSUBSCRIBED_KEPT_MS,
  type WrapperLimits,
} from "../limits.ts";
import { type SessionName, SessionState } from "./session-state.ts";

export class Sessions {
  readonly #sessions = new Map<string, SessionState>();
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #limits: WrapperLimits;

  constructor(clock: Clock, counters: Counters, limits: WrapperLimits) {
    this.#clock = clock;
    this.#counters = counters;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get listeners(): number {
    return [...this.#sessions.values()].reduce((sum, state) => sum + state.listeners, 0);
  }

  /** The session of that id, if it is this principal's. */
  get(id: string, principal: string): SessionState | null {
    const state = this.#sessions.get(id);
    return state?.name.principal === principal ? state : null;
  }

  open(name: SessionName): Result<{ readonly state: SessionState }> {
    if (name.id === "" || name.id.length > SESSION_ID_CHARACTERS_MAX) {
      return failure("invalid_session_id");
    }
    if (this.#sessions.has(name.id)) return failure("session_exists");
    const mayHaveOneMore = this.#mayHaveOneMore(name.address);
    this.#counters.add(mayHaveOneMore ? "sessions_opened" : "sessions_refused", 1);
    if (!mayHaveOneMore) return failure("too_many_sessions");
    const state = new SessionState(name, this.#clock, this.#counters);
    this.#sessions.set(name.id, state);
    return { ok: true, state };
  }

  /** Takes out a session that has ended. */
  forget({ name }: SessionState): void {
    if (!this.#sessions.delete(name.id)) return;
    this.#counters.add("sessions_ended", 1);
  }

  /** Sessions that nobody has used for long are ended. */
  sweep(): void {
    for (const state of [...this.#sessions.values()]) {
      const keptMs = state.everSubscribed ? SESSION_KEPT_MS : UNSUBSCRIBED_KEPT_MS;
      if (state.quietMs > keptMs) this.#end(state);
    }
  }

  /** Ends all of them, once their listeners have taken what there is, or `patience` is over. */
  async close(patience: Promise<void>): Promise<void> {
    const all = [...this.#sessions.values()].map((state) => state.caughtUp());
    await Promise.race([Promise.all(all), patience]);
    for (const state of [...this.#sessions.values()]) {
      state.end("wrapper_closed");
      this.forget(state);
    }
  }

  /** Sessions of an address that show a sign of life: the others may be gone. */
  #countAt(address: string): number {
    let count = 0;
    for (const { name, quietMs } of this.#sessions.values()) {
      if (name.address === address && quietMs <= SESSION_COUNTED_MS) count += 1;
    }
    return count;
  }

  /**
   * Whether there may be one more of that address, if need be that of a session that nobody
   * would miss.
   */
  #mayHaveOneMore(address: string): boolean {
    const isFullHere = this.#countAt(address) >= this.#limits.sessionsPerAddress;
    if (!isFullHere && this.size < this.#limits.sessions) return true;
    // The map is in the order of opening: of those equally quiet the oldest goes.
    const idle = [...this.#sessions.values()].filter(
      (state) =>
        !state.live && !state.hasSubscription && (!isFullHere || state.name.address === address),
    );
    const [first, ...others] = idle;
    if (first === undefined) return false;
    this.#end(others.reduce((a, b) => (b.quietMs > a.quietMs ? b : a), first));
    return true;
  }

  #end(state: SessionState): void {
    state.end("session_ended");
    this.forget(state);
  }
}
