/**
 * Answers of one process: in an LMDB file, or in memory where it has no store.
 *
 * | table | key | value | ends |
 * |---|---|---|---|
 * | answers | hash | until when it holds, and the answer or null while it is sent | `untilMs` |
 */
import { openFile } from "@ams/store";
import { ANSWER_MS, type Answers, CLAIM_MS, type Claim, type Sent } from "./answers.ts";

type Stored = { readonly untilMs: number; readonly sent: Sent | null };

/** Milliseconds between two removals of what has ended. */
const SWEEP_MS = 600_000;

/** Answers that a process without a store remembers: some tens of MB. */
const MEMORY_MAX = 100_000;

/** What both forms of the table can do. */
type Table = {
  readonly get: (key: string) => Stored | undefined;
  readonly put: (key: string, stored: Stored) => Promise<unknown>;
  readonly remove: (key: string) => Promise<unknown>;
  readonly all: () => Iterable<readonly [string, Stored]>;
  readonly close: () => Promise<void>;
};

/** Throws a sentence when the folder can't be used. */
export function openEmbeddedAnswers(folder: string, now: () => number = Date.now): Answers {
  const file = openFile(folder, { name: "feed", tablesMax: 2 });
  if (!file.ok) throw new Error(file.fault);
  const table = file.value.openDB<Stored, string>({ name: "answers", encoding: "json" });
  return answersIn(
    {
      get: (key) => table.get(key),
      put: (key, stored) => table.put(key, stored),
      remove: (key) => table.remove(key),
      *all() {
        for (const { key, value } of table.getRange()) yield [key, value];
      },
      close: () => file.value.close(),
    },
    now,
  );
}

/** Gone with the process. */
export function memoryAnswers(now: () => number = Date.now): Answers {
  const table = new Map<string, Stored>();
  return answersIn(
    {
      get: (key) => table.get(key),
      put: async (key, stored) => {
        const [oldest] = table.keys();
        if (table.size >= MEMORY_MAX && oldest !== undefined) table.delete(oldest);
        table.set(key, stored);
      },
      remove: async (key) => table.delete(key),
      all: () => [...table],
      close: async () => table.clear(),
    },
    now,
  );
}

function answersIn(table: Table, now: () => number): Answers {
  // A claim is made in one turn, before it is written.
  const claims = new Map<string, number>();
  const sweep = () => {
    for (const [key, { untilMs }] of table.all()) if (untilMs <= now()) void table.remove(key);
    for (const [key, untilMs] of claims) if (untilMs <= now()) claims.delete(key);
  };
  const timer = setInterval(sweep, SWEEP_MS).unref();
  return {
    async claim(key): Promise<Claim> {
      const stored = table.get(key);
      const isLive = stored !== undefined && stored.untilMs > now();
      if (isLive && stored.sent !== null) return { kind: "answered", sent: stored.sent };
      if (isLive || (claims.get(key) ?? 0) > now()) return { kind: "pending" };
      claims.set(key, now() + CLAIM_MS);
      await table.put(key, { untilMs: now() + CLAIM_MS, sent: null });
      return { kind: "claimed" };
    },
    async keep(key, sent) {
      await table.put(key, { untilMs: now() + ANSWER_MS, sent });
      claims.delete(key);
    },
    async release(key) {
      await table.remove(key);
      claims.delete(key);
    },
    async close() {
      clearInterval(timer);
      await table.close();
    },
  };
}
