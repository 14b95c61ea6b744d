/**
 * One mesh in this process: its fold, kept up to date, and the queue of what waits to be written.
 * Jobs are decided one after the other on the state that the ones before make, and appended
 * together; where another process came first, all is taken back and decided again.
 */
import { randomUUID } from "node:crypto";
import type { Space } from "@ams/edge";
import { type Entry, JournalFold, type Journals, type Stored } from "@ams/journal";
import {
  applyEntry,
  Draft,
  decodeEntry,
  doDue,
  type ErrorCode,
  encodeEntry,
  type Judged,
  judged,
  MeshState,
  type NewEntry,
  refuse,
} from "@ams/mesh-rules";
import { type SeedSigner, signerFromSeed, toHex } from "@ams/provenance";

export type LiveOptions = {
  readonly nonceWindow: number;
  readonly appealS: number;
  readonly now: () => number;
};

type Waiting = {
  readonly write: (draft: Draft) => unknown;
  readonly settle: (outcome: Judged<unknown>) => void;
  attempts: number;
};

/** What one append holds: entries, jobs whose outcome they are, and jobs that come after it. */
type Decided = {
  readonly entries: readonly NewEntry[];
  readonly done: readonly Done[];
  readonly later: readonly Waiting[];
};

type Done = { readonly one: Waiting; readonly outcome: Judged<unknown> };

/** Tries of one job that other processes come before. */
const ATTEMPTS_MAX = 8;
/** Jobs, entries and bytes of one append: below the journal's limits, with space for one job. */
const BATCH_JOBS_MAX = 64;
const BATCH_ENTRIES_MAX = 128;
const BATCH_BYTES_MAX = 2_097_152;
/** Entries of what time does, after which they are appended before any job is decided. */
const DUE_ENTRIES = 64;
/** Jobs that may wait. */
const WAITING_MAX = 10_000;
/** Milliseconds before a further try, at most: at random, so that two don't meet again. */
const JITTER_MS = 20;

export class LiveMesh {
  readonly space: Space;
  readonly state: MeshState;
  readonly signer: SeedSigner;
  readonly #journals: Journals;
  readonly #journal: string;
  readonly #fold: JournalFold;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #waiting: Waiting[] = [];
  #isWorking = false;
  #lock: Promise<unknown> = Promise.resolve();

  constructor(space: Space, journals: Journals, options: LiveOptions) {
    this.space = space;
    this.signer = signerFromSeed(space.seed);
    this.state = new MeshState({
      mesh: space.conversationId,
      primeKey: toHex(this.signer.publicKey),
      openedAt: space.openedAt,
      nonceWindow: options.nonceWindow,
      appealS: options.appealS,
    });
    this.#journals = journals;
    this.#journal = `mesh:${space.conversationId}`;
    this.#now = options.now;
    this.#fold = new JournalFold(journals, this.#journal, {
      format: "mesh.1",
      apply: (entry) => this.#apply(entry),
      save: () => new Uint8Array(),
      load: () => false,
    });
  }

  get isRegressed(): boolean {
    return this.#fold.isRegressed;
  }

  /** Acknowledged entries. */
  get size(): number {
    return this.state.tree.size;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Called after entries were acknowledged. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads on to the head. Rejects with `StoreUnavailable`. */
  async catchUp(): Promise<void> {
    await this.#exclusive(() => this.#readOn());
  }

  /** Looks at the acknowledged state, read on to the head. Rejects with `StoreUnavailable`. */
  async read<Value>(look: () => Value): Promise<Value> {
    return await this.#exclusive(async () => {
      await this.#readOn();
      return look();
    });
  }

  /** All of what `write` emits, or nothing; what it throws as `Refused` is the refusal. */
  async commit<Value>(write: (draft: Draft) => Value): Promise<Judged<Value>> {
    if (this.#waiting.length >= WAITING_MAX) return { ok: false, refusal: refuse("busy") };
    const outcome = await new Promise<Judged<unknown>>((settle) => {
      this.#waiting.push({ write, settle, attempts: 0 });
      if (!this.#isWorking) void this.#work();
    });
    // The value is the job's own.
    return outcome as Judged<Value>;
  }

  /** What time does, where something is due. */
  async tick(): Promise<void> {
    if (this.#now() >= this.state.nextDue) await this.commit(() => undefined);
  }

  async #exclusive<Value>(work: () => Promise<Value>): Promise<Value> {
    const before = this.#lock;
    const done = before.then(work, work);
    this.#lock = done.catch(() => undefined);
    return await done;
  }

  async #readOn(): Promise<void> {
    const before = this.size;
    await this.#fold.catchUp();
    this.#acknowledged(before);
  }

  #acknowledged(before: number): void {
    this.state.undo.keep();
    this.state.growTree(this.#fold.known.head);
    if (this.size > before) for (const listener of this.#listeners) listener();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, BATCH_JOBS_MAX);
        await this.#exclusive(() => this.#workOn(batch)).catch(() => {
          for (const { settle } of batch) settle(failed("store_unavailable"));
        });
      }
    } finally {
      this.#isWorking = false;
    }
  }

  async #workOn(batch: readonly Waiting[]): Promise<void> {
    await this.#readOn();
    if (this.isRegressed) {
      for (const { settle } of batch) settle(failed("history_regressed"));
      return;
    }
    const mark = this.state.undo.mark();
    try {
      const at = Math.max(this.#now(), this.state.at);
      const decided = this.#decide(batch, at);
      await this.#append(decided, at, mark);
    } catch (error) {
      this.state.undo.back(mark);
      this.state.undo.keep();
      throw error;
    }
  }

  /** Jobs in their order, until the append is full; the others wait for the next one. */
  #decide(batch: readonly Waiting[], at: number): Decided {
    const entries: NewEntry[] = [];
    const done: Done[] = [];
    let later: readonly Waiting[] = [];
    let bytes = 0;
    for (const [index, one] of batch.entries()) {
      const { state, signer } = this;
      const mark = state.undo.mark();
      const draft = new Draft({ state, at, signer, newId: randomUUID });
      let isMoreDue = true;
      const outcome = attempt(() => {
        while (isMoreDue && draft.entries.length < DUE_ENTRIES) isMoreDue = doDue(draft);
        if (isMoreDue) return null;
        const value = one.write(draft);
        while (doDue(draft));
        return value;
      });
      if (!outcome.ok) state.undo.back(mark);
      const own = outcome.ok ? draft.entries : [];
      const size = own.reduce((sum, entry) => sum + encodeEntry(entry).length, 0);
      const isFull =
        entries.length + own.length > BATCH_ENTRIES_MAX || bytes + size > BATCH_BYTES_MAX;
      if (isFull && done.length > 0) {
        state.undo.back(mark);
        later = batch.slice(index);
        break;
      }
      bytes += size;
      entries.push(...own);
      if (outcome.ok && isMoreDue) {
        later = batch.slice(index);
        break;
      }
      done.push({ one, outcome });
    }
    return { entries, done, later };
  }

  async #append({ entries, done, later }: Decided, at: number, mark: number): Promise<void> {
    if (entries.length === 0) {
      this.state.undo.keep();
      this.#waiting.unshift(...later);
      for (const { one, outcome } of done) one.settle(outcome);
      return;
    }
    const { known } = this.#fold;
    const rows = entries.map(rowOf);
    const before = this.size;
    const appended = await this.#journals.append(this.#journal, known.head, rows, at, known);
    if (appended.ok) {
      const stored = rows.map((row, index) => ({ ...row, seq: appended.first + index, at }));
      if (!this.#fold.applyOwn(appended.first, appended.epoch, stored))
        throw new Error("the journal was read while it was written");
      this.#acknowledged(before);
      for (const { one, outcome } of done) one.settle(outcome);
      this.#waiting.unshift(...later);
      return;
    }
    this.state.undo.back(mark);
    this.state.undo.keep();
    if (appended.fault === "regressed") this.#fold.regressed();
    const jobs = done.map(({ one }) => one);
    const isAgain = appended.fault === "conflict" || appended.fault === "duplicate";
    if (!isAgain) {
      for (const one of [...jobs, ...later]) one.settle(failed(codeOf(appended.fault)));
      return;
    }
    this.#waiting.unshift(...later);
    await this.#again(jobs);
  }

  /** Another process came before: each job decides again. */
  async #again(batch: readonly Waiting[]): Promise<void> {
    const again: Waiting[] = [];
    for (const one of batch) {
      one.attempts += 1;
      if (one.attempts >= ATTEMPTS_MAX) one.settle(failed("busy"));
      else again.push(one);
    }
    this.#waiting.unshift(...again);
    if ((again[0]?.attempts ?? 0) > 1)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * JITTER_MS));
  }

  /** An entry of this process is in the state already. */
  #apply({ seq, kind, bytes, at }: Stored): void {
    if (seq >= this.state.size) applyEntry(this.state, decodeEntry(kind, bytes), at);
  }
}

function rowOf(entry: NewEntry): Entry {
  const { kind, value } = entry;
  const bytes = encodeEntry(entry);
  const { envelope } = value;
  const id: unknown =
    typeof envelope === "object" && envelope !== null ? Reflect.get(envelope, "id") : null;
  return kind === "env" && typeof id === "string"
    ? { kind, key: `env:${id}`, bytes }
    : { kind, bytes };
}

/** A mistake of the program fails the job that met it, and no other one. */
function attempt(write: () => unknown): Judged<unknown> {
  try {
    return judged(write);
  } catch {
    return failed("internal_error");
  }
}

function failed(code: ErrorCode): Judged<never> {
  return { ok: false, refusal: refuse(code) };
}

function codeOf(fault: string): ErrorCode {
  switch (fault) {
    case "not_durable":
      return "not_durable";
    case "regressed":
      return "history_regressed";
    case "too_large":
      return "too_large";
    default:
      return "store_unavailable";
  }
}
