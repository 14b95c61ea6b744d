/**
 * Sends the tokens of one worker's emitters when they are due, however the broker does: nobody
 * waits for an answer.
 */
import type { Turns } from "./plan.ts";
import { between, type Random } from "./random.ts";
import type { Member } from "./readers/member.ts";
import { dueAt, lengthOf, owedBy, type Rhythm } from "./schedule.ts";

/**
 * Microseconds: timers tick in whole milliseconds, so a token goes out some time after it is due.
 * One that is no later than this counts from when it was sent; one that is later, because this
 * process or its socket was held up, counts from when it was due: else a stall would hide the very
 * tokens that it delayed.
 */
const RESOLUTION_US = 3_000;
/** Milliseconds between looks at sockets that are full or have not taken everything yet. */
const LOOK_MS = 5;
/** Milliseconds for which a timer is set at most, so that `stop` is heard soon. */
const SLEEP_MS_MAX = 100;

export type Emitter = {
  readonly member: Member;
  /** Sets it apart from the others: 0 to less than 1 token. */
  readonly phase: number;
  /** Draws its pauses. */
  readonly random: Random;
};

export type EmissionOptions = {
  readonly emitters: readonly Emitter[];
  readonly rhythm: Rhythm;
  readonly turns: Turns | null;
  readonly now: () => number;
  /** False when no connection of this worker is left. */
  readonly isAlive: () => boolean;
  /** Called with the microseconds by which a token went out too late. */
  readonly onLateness: (latenessUs: number) => void;
  /** Everything is in the sockets' hands, or it was stopped. Called once. */
  readonly onDone: () => void;
};

/** `due`: seconds after the start, null when nothing is due any more. */
type Running = Emitter & { owed: number; due: number | null; index: number };

export class Emission {
  readonly #options: EmissionOptions;
  readonly #running: readonly Running[];
  readonly #atUs: number;
  #stopped = false;

  /** Starts at `atUs` of the shared clock. */
  constructor(options: EmissionOptions, atUs: number) {
    const { emitters, rhythm } = options;
    this.#options = options;
    this.#atUs = atUs;
    this.#running = emitters.map((emitter) => ({
      ...emitter,
      owed: emitter.phase,
      due: dueAt(rhythm, emitter.phase),
      index: 0,
    }));
    this.#tick();
  }

  /** Sends nothing more; `onDone` follows soon. */
  stop(): void {
    this.#stopped = true;
  }

  #tick(): void {
    if (this.#stopped) {
      this.#options.onDone();
      return;
    }
    const waitMs = this.#sendWhatIsDue();
    if (waitMs !== null) setTimeout(() => this.#tick(), Math.min(waitMs, SLEEP_MS_MAX));
    else if (this.#isOver()) this.#options.onDone();
    else setTimeout(() => this.#tick(), LOOK_MS);
  }

  /**
   * Not before its time, as connections may be there to be held only; but at once when there is
   * none left.
   */
  #isOver(): boolean {
    const { now, isAlive, rhythm } = this.#options;
    const endUs = this.#atUs + lengthOf(rhythm) * 1_000_000;
    if (now() < endUs && isAlive()) return false;
    return this.#running.every(({ member }) => member.isIdle);
  }

  /** Milliseconds until the next token is due; null when none is left. */
  #sendWhatIsDue(): number | null {
    const now = this.#options.now();
    let next: number | null = null;
    for (const emitter of this.#running) {
      const waitUs = this.#sendOf(emitter, now);
      if (waitUs !== null) next = next === null ? waitUs : Math.min(next, waitUs);
    }
    return next === null ? null : next / 1_000;
  }

  #sendOf(emitter: Running, now: number): number | null {
    const { onLateness, now: clock } = this.#options;
    const { member } = emitter;
    while (emitter.due !== null && member.isOpen) {
      const dueUs = this.#atUs + emitter.due * 1_000_000;
      if (dueUs > now) return dueUs - now;
      if (!member.mayTakeMore) return LOOK_MS * 1_000;
      const sentUs = clock();
      onLateness(sentUs - dueUs);
      member.emit(emitter.index, sentUs - dueUs <= RESOLUTION_US ? sentUs : dueUs);
      this.#advance(emitter, emitter.due);
    }
    return null;
  }

  /** A pause between two turns moves what follows, and is no time in which tokens are owed. */
  #advance(emitter: Running, due: number): void {
    const { rhythm, turns } = this.#options;
    emitter.index += 1;
    if (turns !== null && emitter.index % turns.tokens === 0) {
      emitter.owed = owedBy(rhythm, due + between(emitter.random, turns.think_s));
    }
    emitter.owed += 1;
    emitter.due = dueAt(rhythm, emitter.owed);
  }
}
