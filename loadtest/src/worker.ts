/** The members of one worker process: they join, emit, receive what is on its way, and leave. */
import { setTimeout as pause } from "node:timers/promises";
import { nowUs } from "./clock.ts";
import { Emission, type Emitter } from "./emission.ts";
import { Latencies } from "./latencies.ts";
import { Member, refusalOf } from "./member.ts";
import type { Close, FromWorker, Share } from "./messages.ts";
import { Meter } from "./meter.ts";
import { emptyTally } from "./verify/tally.ts";
import type { Sent } from "./verify/verifier.ts";

/**
 * Connects under way at once, per process: enough to keep a gateway busy, too few to look like an
 * attack.
 */
const JOINS_AT_ONCE = 32;
const WINDOW_US = 1_000_000;
/** Milliseconds between looks at what is still to come. */
const LOOK_MS = 50;
/**
 * Milliseconds in which nothing more has come, after which nothing more is expected of a broker
 * that answers.
 */
const QUIET_MS = 3_000;
/** Likewise when the user stopped the run. */
const QUIET_STOPPED_MS = 400;
/** Milliseconds for hanging up in good order. */
const LEAVE_MS = 3_000;

export type Report = (message: FromWorker) => void;

export class Worker {
  readonly #share: Share;
  readonly #report: Report;
  readonly #tally = emptyTally();
  readonly #latencies = new Latencies();
  readonly #lateness = new Latencies();
  readonly #emitters: readonly Emitter[];
  readonly #members: readonly Member[];
  readonly #meter = new Meter();
  #emission: Emission | null = null;
  #atUs = 0;
  #window = 0;
  readonly #stopped = new AbortController();
  #over = false;

  constructor(share: Share, report: Report) {
    this.#share = share;
    this.#report = report;
    const { worker, processes, subscribers, emitters } = share;
    const own = (count: number) =>
      Array.from({ length: count }, (_, index) => index).filter(
        (index) => index % processes === worker,
      );
    const listeners = own(subscribers).map((index) => this.#member(`s${index}`, true));
    this.#emitters = own(emitters).map((index) => ({
      member: this.#member(`e${index}`, !share.emitOnly),
      phase: (index + 0.5) / emitters,
    }));
    this.#members = [...listeners, ...this.#emitters.map(({ member }) => member)];
  }

  /** Everybody joins, or the first refusal is reported. */
  async join(): Promise<void> {
    const fromUs = nowUs();
    const waiting = [...this.#members];
    let joined = 0;
    let refused = false;
    const joinNext = async (): Promise<void> => {
      for (let member = waiting.shift(); member !== undefined; member = waiting.shift()) {
        try {
          await member.join();
        } catch (error) {
          waiting.length = 0;
          const { code, message, closeCode = null } = refusalOf(error);
          if (!refused) this.#report({ type: "refused", code, message, closeCode, joined });
          refused = true;
          return;
        }
        joined += 1;
        this.#report({ type: "joining", joined });
      }
    };
    await Promise.all(Array.from({ length: JOINS_AT_ONCE }, joinNext));
    if (!refused) this.#report({ type: "joined", fromUs, toUs: nowUs() });
  }

  begin(atUs: number): void {
    this.#atUs = atUs;
    this.#meter.take(); // What joining cost is none of the first second's.
    const { rhythm } = this.#share;
    const options = {
      emitters: this.#emitters,
      rhythm,
      now: nowUs,
      isAlive: () => this.#members.some((member) => member.isOpen),
      onLateness: (latenessUs: number) => this.#lateness.record(latenessUs),
      onDone: () => this.#report({ type: "emitted", sent: this.#sent() }),
    };
    this.#emission = new Emission(options, atUs);
    this.#nextWindow();
  }

  /** The user stopped the run: what is on its way may be left there. */
  stop(): void {
    this.#stopped.abort();
    this.#emission?.stop();
  }

  /**
   * Waits for what is still to come, then ends the count. A broker that is suspended has lost
   * nothing yet: who misses something asks whether it is there, and what comes after its answer
   * still counts.
   */
  async settle(sent: readonly Sent[]): Promise<void> {
    await this.#quiet(sent);
    const { signal } = this.#stopped;
    const silent = signal.aborted ? [] : this.#missing(sent);
    await Promise.all(silent.map((member) => member.confirm(signal)));
    if (silent.length > 0) await this.#quiet(sent);
    this.#close(sent);
  }

  async leave(): Promise<void> {
    this.#meter.stop();
    const late = new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
    await Promise.race([Promise.all(this.#members.map((member) => member.leave())), late]);
  }

  /** Resolves when all has come, or nothing more has come for a while. */
  async #quiet(sent: readonly Sent[]): Promise<void> {
    let received = this.#tally.received;
    let changedAt = performance.now();
    while (this.#missing(sent).length > 0) {
      await pause(LOOK_MS);
      if (this.#tally.received !== received) changedAt = performance.now();
      received = this.#tally.received;
      const quietMs = this.#stopped.signal.aborted ? QUIET_STOPPED_MS : QUIET_MS;
      if (performance.now() - changedAt > quietMs) return;
    }
  }

  /** Those that are connected and have not received everything. */
  #missing(sent: readonly Sent[]): readonly Member[] {
    return this.#all.filter((member) => member.isOpen && member.verifier.outstanding(sent) > 0);
  }

  /** Those that should receive everything. */
  get #all(): readonly Member[] {
    return this.#members.filter((member) => member.listens);
  }

  #member(name: string, listens: boolean): Member {
    const { link, credential, namePrefix, payloadBytes } = this.#share;
    return new Member({
      link,
      credential,
      streamName: `${namePrefix}${name}`,
      namePrefix,
      payloadBytes,
      listens,
      tally: this.#tally,
      now: nowUs,
      onLatency: (latencyUs) => this.#latencies.record(latencyUs),
    });
  }

  #sent(): readonly Sent[] {
    return this.#emitters.flatMap(({ member }) => member.sent ?? []);
  }

  #nextWindow(): void {
    const endsUs = this.#atUs + (this.#window + 1) * WINDOW_US;
    setTimeout(
      () => {
        if (this.#over) return;
        this.#reportWindow(true);
        this.#nextWindow();
      },
      Math.max(0, (endsUs - nowUs()) / 1_000),
    );
  }

  #reportWindow(isWhole: boolean): void {
    const window = {
      index: this.#window,
      isWhole,
      tally: { ...this.#tally },
      latencies: this.#latencies.take(),
      lateness: this.#lateness.take(),
      ...this.#meter.take(),
    };
    this.#window += 1;
    this.#report({ type: "window", window });
  }

  #close(sent: readonly Sent[]): void {
    for (const member of this.#all) {
      const { verifier } = member;
      if (!member.isOpen) this.#tally.cutOff += verifier.outstanding(sent);
      else if (this.#stopped.signal.aborted) this.#tally.inFlight += verifier.outstanding(sent);
      else verifier.settle(sent);
    }
    this.#over = true;
    this.#reportWindow(false);
    this.#report({ type: "settled", tally: { ...this.#tally }, closes: this.#closes() });
  }

  #closes(): readonly Close[] {
    return this.#members.flatMap(({ ending }) => (ending === null ? [] : { ...ending, count: 1 }));
  }
}
