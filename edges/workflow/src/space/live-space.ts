/**
 * One workflow conversation in this process: its fold, kept up to date, and the queue of what
 * waits to be committed. Another process may commit at any time; an append with a head that was
 * passed is decided again.
 */
import type { Space } from "@ams/edge";
import { type Entry, JournalFold, type Journals } from "@ams/journal";
import { type SeedSigner, signerFromSeed, writeSignature } from "@ams/provenance";
import {
  type Change,
  type Committed,
  Conversation,
  decodeEntry,
  type ErrorCode,
  encodeEntry,
  type Facts,
  type Header,
  type Node,
  type Receipt,
  receiptBytes,
  receiptOf,
  signedBytes,
} from "@ams/workflow-rules";
import { LRUCache } from "lru-cache";
import { Bodies } from "./bodies.ts";

/** Something to be committed, complete. */
export type Prepared = Committed & {
  readonly body: Uint8Array;
  /** Of the journal: unique permanently. */
  readonly key: string;
};

export type Decision<Answer> =
  | { readonly kind: "commit"; readonly message: Prepared }
  | {
      readonly kind: "answer";
      readonly answer: Answer;
      /** The key of the entry that the answer repeats: it is answered once that is durable. */
      readonly key?: string;
    };

export type Job<Answer> = {
  /** Jobs of different runs don't change each other's judgement, and are appended together. */
  readonly run: string;
  /** Pure; called again after a conflict. `at` is the time that the commit would have. */
  readonly decide: (conversation: Conversation, at: number) => Decision<Answer>;
};

export type Outcome<Answer> =
  | { readonly kind: "committed"; readonly node: Node }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "failed"; readonly code: ErrorCode };

export type SignedReceipt = { readonly receipt: Receipt; readonly sig: string };

/** A change, with the entry that made it. */
export type Applied = { readonly change: Change; readonly committed: Committed };
export type Listener = (applied: Applied) => void;

type Waiting = {
  readonly job: Job<unknown>;
  readonly settle: (outcome: Outcome<unknown>) => void;
  attempts: number;
};

type Decided = { readonly one: Waiting; readonly decision: Decision<unknown> };
type Commit = { readonly one: Waiting; readonly message: Prepared };

/** Bytes for which an entry without its body is counted. */
const ENTRY_BYTES = 16_384;

/** Tries of one job that other processes come before. */
const ATTEMPTS_MAX = 8;
/** Jobs that are decided and appended together. */
const BATCH_MAX = 64;
/** Bytes of one append, below the journal's limit. */
const BATCH_BYTES_MAX = 2_097_152;
/** Jobs that may wait. */
const WAITING_MAX = 10_000;
/** Milliseconds before a further try, at most: at random, so that two don't meet again. */
const JITTER_MS = 20;
/** Receipts that are kept with their signatures. */
const RECEIPTS_MAX = 1_000;

export class LiveSpace {
  readonly space: Space;
  readonly conversation: Conversation;
  readonly signer: SeedSigner;
  readonly bodies: Bodies;
  readonly #journals: Journals;
  readonly #journal: string;
  readonly #fold: JournalFold;
  readonly #now: () => number;
  readonly #listeners = new Set<Listener>();
  readonly #receipts = new LRUCache<number, SignedReceipt>({ max: RECEIPTS_MAX });
  #waiting: Waiting[] = [];
  #isWorking = false;

  constructor(space: Space, journals: Journals, now: () => number) {
    this.space = space;
    this.conversation = new Conversation(space.conversationId);
    this.signer = signerFromSeed(space.seed);
    this.#journals = journals;
    this.#journal = `workflow:${space.conversationId}`;
    this.#now = now;
    this.bodies = new Bodies(journals, this.#journal, space.bodyTtlS, now);
    this.#fold = new JournalFold(journals, this.#journal, {
      format: "workflow.1",
      apply: ({ bytes, at }) => this.#apply(decodeEntry(bytes), at),
      save: () => new Uint8Array(),
      load: () => false,
    });
  }

  get isRegressed(): boolean {
    return this.#fold.isRegressed;
  }

  get size(): number {
    return this.conversation.size;
  }

  /** Reads on to the head. Rejects with `StoreUnavailable`. */
  async catchUp(): Promise<void> {
    await this.#fold.catchUp();
  }

  /** Called with each change from now on, in the order of the log. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** A message of the service, signed. */
  sign(
    header: Header,
    body: Uint8Array,
    facts: Facts | null,
    rest: Pick<Prepared, "account" | "key">,
  ) {
    const sig = writeSignature(this.signer.signNow(signedBytes(header)));
    return { header, sig, body, facts, ...rest } satisfies Prepared;
  }

  receipt(node: Node, seen: number): SignedReceipt {
    const kept = this.#receipts.get(node.seq);
    if (kept !== undefined) return kept;
    const receipt = receiptOf(this.conversation, node, seen);
    const sig = writeSignature(this.signer.signNow(receiptBytes(receipt)));
    const signed = { receipt, sig };
    this.#receipts.set(node.seq, signed);
    return signed;
  }

  /** Entries of the log from `seq` on, as they were committed. */
  async entries(from: number, limit: number) {
    const page = await this.#journals.read(this.#journal, from, {
      entries: limit,
      bytes: 4_194_304,
    });
    return page.entries.map(({ seq, at, bytes }) => ({ seq, at, committed: decodeEntry(bytes) }));
  }

  async commit<Answer>(job: Job<Answer>): Promise<Outcome<Answer>> {
    if (this.#waiting.length >= WAITING_MAX) return { kind: "failed", code: "busy" };
    const outcome = await new Promise<Outcome<unknown>>((settle) => {
      this.#waiting.push({ job, settle, attempts: 0 });
      if (!this.#isWorking) void this.#work();
    });
    // The answer is the job's own.
    return outcome as Outcome<Answer>;
  }

  /**
   * Appends wherever the head is: contention can't refuse it. The message says what this process
   * knew. Resolves with the node once the fold has it.
   */
  async commitAnywhere(message: Prepared): Promise<Outcome<never>> {
    await this.bodies.put(message);
    const { known } = this.#fold;
    const entry = entryOf(message);
    const appended = await this.#journals.append(this.#journal, "any", [entry], this.#now(), known);
    if (!appended.ok && appended.fault === "regressed") this.#fold.regressed();
    if (!appended.ok && appended.fault !== "duplicate")
      return { kind: "failed", code: codeOf(appended.fault) };
    await this.#fold.catchUp();
    const node = this.conversation.byId(message.header.id);
    return node === null
      ? { kind: "failed", code: "store_unavailable" }
      : { kind: "committed", node };
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#takeBatch();
        try {
          await this.#workOn(batch);
        } catch {
          for (const { settle } of batch) settle({ kind: "failed", code: "store_unavailable" });
        }
      }
    } finally {
      this.#isWorking = false;
    }
  }

  /** The first jobs, one of each run. */
  #takeBatch(): Waiting[] {
    const runs = new Set<string>();
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const one of this.#waiting) {
      const isTaken = batch.length < BATCH_MAX && !runs.has(one.job.run);
      if (isTaken) batch.push(one);
      else rest.push(one);
      // A later job of the same run waits for the earlier one.
      runs.add(one.job.run);
    }
    this.#waiting = rest;
    return batch;
  }

  async #workOn(batch: readonly Waiting[]): Promise<void> {
    if (this.conversation.size === 0) await this.#fold.catchUp();
    let decided = this.#decide(batch);
    // Nobody is refused for what another process has committed meanwhile.
    if (decided.some(({ decision }) => decision.kind === "answer")) {
      const before = this.#fold.known.head;
      await this.#fold.catchUp();
      if (this.#fold.known.head !== before) decided = this.#decide(batch);
    }
    if (this.#fold.isRegressed) return fail(batch, "history_regressed");
    await this.#answer(decided);
    const commits: Commit[] = [];
    const keys = new Set<string>();
    let bytes = 0;
    for (const { one, decision } of decided) {
      if (decision.kind === "answer") continue;
      const { message } = decision;
      bytes += message.body.length + ENTRY_BYTES;
      if (keys.has(message.key) || (commits.length > 0 && bytes > BATCH_BYTES_MAX)) {
        this.#waiting.unshift(one);
        continue;
      }
      keys.add(message.key);
      commits.push({ one, message });
    }
    if (commits.length === 0) return;
    const [head, at] = [this.#fold.known.head, this.#time()];
    await Promise.all(commits.map(({ message }) => this.bodies.put(message)));
    await this.#append(head, at, commits);
  }

  async #answer(decided: readonly Decided[]): Promise<void> {
    for (const { one, decision } of decided) {
      if (decision.kind !== "answer") continue;
      const { answer, key } = decision;
      const code = key === undefined ? null : await this.#confirm(key);
      one.settle(code === null ? { kind: "answer", answer } : { kind: "failed", code });
    }
  }

  /**
   * An entry of this key is there. Whoever appended it may have heard `not_durable`, so that its
   * repetition waits for the same durability. Null when it is durable.
   */
  async #confirm(key: string): Promise<ErrorCode | null> {
    const entry = { kind: "repeat", key, bytes: new Uint8Array() };
    const { known } = this.#fold;
    const done = await this.#journals.append(this.#journal, "any", [entry], this.#now(), known);
    return done.ok || done.fault === "duplicate" ? null : codeOf(done.fault);
  }

  #decide(batch: readonly Waiting[]): Decided[] {
    const at = this.#time();
    return batch.map((one) => ({ one, decision: one.job.decide(this.conversation, at) }));
  }

  #time(): number {
    return Math.max(this.#now(), this.conversation.at);
  }

  async #append(head: number, at: number, decided: readonly Commit[]): Promise<void> {
    const entries = decided.map(({ message }) => entryOf(message));
    const { known } = this.#fold;
    const appended = await this.#journals.append(this.#journal, head, entries, at, known);
    const batch = decided.map(({ one }) => one);
    if (appended.ok) {
      const stored = entries.map((entry, index) => ({
        ...entry,
        seq: head + index,
        at: appended.at,
      }));
      if (!this.#fold.applyOwn(appended.first, appended.epoch, stored)) await this.#fold.catchUp();
      for (const { one, message } of decided) {
        const node = this.conversation.byId(message.header.id);
        one.settle(
          node === null
            ? { kind: "failed", code: "store_unavailable" }
            : { kind: "committed", node },
        );
      }
      return;
    }
    if (appended.fault === "regressed") {
      this.#fold.regressed();
      return fail(batch, "history_regressed");
    }
    if (appended.fault !== "conflict" && appended.fault !== "duplicate")
      return fail(batch, codeOf(appended.fault));
    await this.#again(batch);
  }

  /** Another process came before: what is new is read, and each job decides again. */
  async #again(batch: readonly Waiting[]): Promise<void> {
    await this.#fold.catchUp();
    const again: Waiting[] = [];
    for (const one of batch) {
      one.attempts += 1;
      if (one.attempts >= ATTEMPTS_MAX) one.settle({ kind: "failed", code: "busy" });
      else again.push(one);
    }
    this.#waiting.unshift(...again);
    if ((again[0]?.attempts ?? 0) > 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * JITTER_MS));
      await this.#fold.catchUp();
    }
  }

  #apply(committed: Committed, at: number): void {
    const change = this.conversation.apply(committed, at);
    for (const listener of this.#listeners) listener({ change, committed });
  }
}

function entryOf(message: Prepared): Entry {
  const { header, sig, account, facts, key } = message;
  return { kind: header.type, key, bytes: encodeEntry({ header, sig, account, facts }) };
}

function fail(batch: readonly Waiting[], code: ErrorCode): void {
  for (const { settle } of batch) settle({ kind: "failed", code });
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
