/** All sessions of the process. */
import type { Clock, Counters, Result } from "./contract.ts";
import { failure } from "./faults.ts";
import { SESSION_ID_CHARACTERS_MAX, SESSION_KEPT_MS, type WrapperLimits } from "./limits.ts";
import { type SessionName, SessionState } from "./session-state.ts";

export class Sessions {
  readonly #sessions = new Map<string, SessionState>();
  readonly #perAddress = new Map<string, number>();
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
    const here = this.#perAddress.get(name.address) ?? 0;
    const isFull = this.size >= this.#limits.sessions || here >= this.#limits.sessionsPerAddress;
    this.#counters.add(isFull ? "sessions_refused" : "sessions_opened", 1);
    if (isFull) return failure("too_many_sessions");
    const state = new SessionState(name, this.#clock, this.#counters);
    this.#sessions.set(name.id, state);
    this.#perAddress.set(name.address, here + 1);
    return { ok: true, state };
  }

  /** Takes out a session that has ended. */
  forget({ name }: SessionState): void {
    if (!this.#sessions.delete(name.id)) return;
    const others = (this.#perAddress.get(name.address) ?? 1) - 1;
    if (others === 0) this.#perAddress.delete(name.address);
    else this.#perAddress.set(name.address, others);
    this.#counters.add("sessions_ended", 1);
  }

  /** Sessions that nobody has used for long are ended. */
  sweep(): void {
    for (const state of [...this.#sessions.values()]) {
      if (state.quietMs <= SESSION_KEPT_MS) continue;
      state.end("session_ended");
      this.forget(state);
    }
  }

  close(): void {
    for (const state of [...this.#sessions.values()]) {
      state.end("wrapper_closed");
      this.forget(state);
    }
  }
}
