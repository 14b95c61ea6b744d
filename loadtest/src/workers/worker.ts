/** The members of one worker process: they join, emit, receive what is on its way, and leave. */
import { setTimeout as pause } from "node:timers/promises";
import { nowUs } from "../clock.ts";
import { Emission } from "../emission.ts";
import { Latencies } from "../latencies.ts";
import { Meter } from "../meter.ts";
import type { Kind } from "../plan.ts";
import { type Reader, refusalOf } from "../readers/reader.ts";
import { addTally, emptyTally, type Tally } from "../verify/tally.ts";
import type { Sent } from "../verify/verifier.ts";
import { Visiting } from "../visiting.ts";
import { Company } from "./company.ts";
import type { Close, FromWorker, Share } from "./messages.ts";

/**
 * Connections under way at once, per process: enough to keep a gateway busy, too few to look like
 * an attack.
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
  readonly #visitorTally = emptyTally();
  readonly #latencies = new Latencies();
  readonly #byKind: Readonly<Record<Kind, Latencies>> = {
    websocket: new Latencies(),
    sse: new Latencies(),
    mcp: new Latencies(),
  };
  readonly #lateness = new Latencies();
  readonly #company: Company;
  readonly #members: readonly Reader[];
  readonly #visiting: Visiting;
  readonly #meter = new Meter();
  #emission: Emission | null = null;
  #atUs = 0;
  #window = 0;
  readonly #stopped = new AbortController();
  #over = false;

  constructor(share: Share, report: Report) {
    this.#share = share;
    this.#report = report;
    const { plan, worker } = share;
    this.#company = new Company({
      share,
      tally: this.#tally,
      visitorTally: this.#visitorTally,
      now: nowUs,
      onLatency: (kind, latencyUs) => {
        this.#latencies.record(latencyUs);
        this.#byKind[kind].record(latencyUs);
      },
    });
    this.#members = this.#company.members;
    this.#visiting = new Visiting({
      plan,
      worker,
      now: nowUs,
      tally: this.#tally,
      visitor: (number) => this.#company.visitor(number),
      subscriber: (number) => this.#company.subscribers.get(number),
      onFault: crash,
    });
  }

  /** Everybody joins, or the first refusal is reported. */
  async join(): Promise<void> {
    const fromUs = nowUs();
    const waiting = this.#members.values();
    let joined = 0;
    let refused = false;
    const joinNext = async (): Promise<void> => {
      for (const member of waiting) {
        if (refused) return;
        try {
          await member.join();
        } catch (error) {
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
    const { rhythm, turns } = this.#share.plan;
    const options = {
      emitters: this.#company.emitters,
      rhythm,
      turns,
      now: nowUs,
      isAlive: () => this.#members.some((member) => member.ending === null),
      onLateness: (latenessUs: number) => this.#lateness.record(latenessUs),
      onDone: () => this.#emitted(),
    };
    this.#emission = new Emission(options, atUs);
    this.#visiting.begin(atUs);
    this.#nextWindow();
  }

  #emitted(): void {
    this.#visiting.stop();
    const sent = this.#company.emitters.flatMap(({ member }) => member.sent ?? []);
    this.#report({ type: "emitted", sent });
  }

  /** The user stopped the run: what is on its way may be left there. */
  stop(): void {
    this.#stopped.abort();
    this.#emission?.stop();
    this.#visiting.stop();
  }

  /**
   * Waits for what is still to come, then ends the count. A broker that is suspended has lost
   * nothing yet: who misses something asks whether it is there, and what comes after its answer
   * still counts.
   */
  async settle(sent: readonly Sent[]): Promise<void> {
    const sentTo = byConversation(sent);
    await this.#quiet(sentTo);
    const { signal } = this.#stopped;
    const silent = signal.aborted ? [] : this.#missing(sentTo);
    await Promise.all(silent.map((member) => member.confirm(signal)));
    if (silent.length > 0) await this.#quiet(sentTo);
    this.#close(sentTo);
  }

  async leave(): Promise<void> {
    this.#meter.stop();
    this.#visiting.stop();
    const late = new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
    const all = [...this.#members, ...this.#visiting.present];
    await Promise.race([Promise.all(all.map((member) => member.leave())), late]);
  }

  /** Resolves when all has come, or nothing more has come for a while. */
  async #quiet(sentTo: SentTo): Promise<void> {
    let received = this.#received;
    let changedAt = performance.now();
    while (this.#missing(sentTo).length > 0) {
      await pause(LOOK_MS);
      if (this.#received !== received) changedAt = performance.now();
      received = this.#received;
      const quietMs = this.#stopped.signal.aborted ? QUIET_STOPPED_MS : QUIET_MS;
      if (performance.now() - changedAt > quietMs) return;
    }
  }

  get #received(): number {
    return this.#tally.received + this.#visitorTally.received;
  }

  /** Those that are connected and have not received everything. */
  #missing(sentTo: SentTo): readonly Reader[] {
    return this.#all.filter(
      (reader) => reader.isOpen && reader.verifier.outstanding(sentTo(reader)) > 0,
    );
  }

  /** Those that should receive everything. */
  get #all(): readonly Reader[] {
    return [...this.#members.filter((member) => member.listens), ...this.#visiting.present];
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
      tally: this.#totals(),
      latencies: this.#latencies.take(),
      lateness: this.#lateness.take(),
      ...this.#meter.take(),
    };
    this.#window += 1;
    this.#report({ type: "window", window });
  }

  #totals(): Tally {
    const totals = { ...this.#tally };
    addTally(totals, this.#visitorTally);
    totals.toVisitors += this.#visitorTally.received + this.#visitorTally.lost;
    return totals;
  }

  #close(sentTo: SentTo): void {
    for (const reader of this.#all) {
      const { verifier } = reader;
      const sent = sentTo(reader);
      if (reader.ending !== null) this.#tally.cutOff += verifier.outstanding(sent);
      else if (this.#stopped.signal.aborted) this.#tally.inFlight += verifier.outstanding(sent);
      else verifier.settle(sent);
    }
    this.#over = true;
    this.#reportWindow(false);
    const { joining, lateness: joinLateness } = this.#visiting.recorded;
    const { websocket, sse, mcp } = this.#byKind;
    const ended = {
      tally: this.#totals(),
      closes: this.#closes(),
      byKind: { websocket: websocket.recorded(), sse: sse.recorded(), mcp: mcp.recorded() },
      joining,
      joinLateness,
      refusals: this.#visiting.refusals,
    };
    this.#report({ type: "settled", ended });
  }

  #closes(): readonly Close[] {
    const all = [...this.#members, ...this.#visiting.present];
    return all.flatMap(({ ending }) => (ending === null ? [] : { ...ending, count: 1 }));
  }
}

/** Ends the process with the stack: the run sees that it has ended. */
function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

type SentTo = (reader: Reader) => readonly Sent[];

function byConversation(sent: readonly Sent[]): SentTo {
  const groups = new Map<number, Sent[]>();
  for (const one of sent) {
    const group = groups.get(one.conversation);
    if (group === undefined) groups.set(one.conversation, [one]);
    else group.push(one);
  }
  return ({ conversation }) => groups.get(conversation) ?? [];
}
