/** Records of one process: in an LMDB file, or in memory where it has no store. */
import { openFile } from "@ams/store";
import type { Records } from "./records.ts";

type Stored = { readonly untilMs: number; readonly value: string };

/** Milliseconds between two removals of what has ended. */
const SWEEP_MS = 600_000;

/** Records that a process without a store remembers: some tens of MB. */
const MEMORY_MAX = 50_000;

/** What both forms of the table can do; each step ends in the turn in which it begins. */
type Table = {
  readonly get: (key: string) => Stored | undefined;
  readonly put: (key: string, stored: Stored) => void;
  readonly remove: (key: string) => void;
  readonly all: () => Iterable<readonly [string, Stored]>;
  readonly close: () => Promise<void>;
};

/** Throws a sentence when the folder can't be used. */
export function openEmbeddedRecords(folder: string, now: () => number = Date.now): Records {
  const file = openFile(folder, { name: "oauth", tablesMax: 1 });
  if (!file.ok) throw new Error(file.fault);
  const table = file.value.openDB<Stored, string>({ name: "records", encoding: "json" });
  return recordsIn(
    {
      get: (key) => table.get(key),
      put: (key, stored) => void table.putSync(key, stored),
      remove: (key) => void table.removeSync(key),
      *all() {
        for (const { key, value } of table.getRange()) yield [key, value];
      },
      close: () => file.value.close(),
    },
    now,
  );
}

/** Gone with the process. */
export function memoryRecords(now: () => number = Date.now): Records {
  const table = new Map<string, Stored>();
  return recordsIn(
    {
      get: (key) => table.get(key),
      put: (key, stored) => {
        const [oldest] = table.keys();
        if (table.size >= MEMORY_MAX && oldest !== undefined) table.delete(oldest);
        table.set(key, stored);
      },
      remove: (key) => void table.delete(key),
      all: () => [...table],
      close: async () => table.clear(),
    },
    now,
  );
}

function recordsIn(table: Table, now: () => number): Records {
  const sweep = () => {
    for (const [key, { untilMs }] of table.all()) if (untilMs <= now()) table.remove(key);
  };
  const timer = setInterval(sweep, SWEEP_MS).unref();
  const live = (key: string) => {
    const stored = table.get(key);
    return stored !== undefined && stored.untilMs > now() ? stored.value : null;
  };
  const put = (key: string, value: string, ttlS: number) =>
    table.put(key, { value, untilMs: now() + ttlS * 1_000 });
  return {
    get: async (key) => live(key),
    set: async (key, value, ttlS) => put(key, value, ttlS),
    swap: async (key, before, after, ttlS) => {
      if (live(key) !== before) return false;
      put(key, after, ttlS);
      return true;
    },
    remove: async (key) => table.remove(key),
    close: async () => {
      clearInterval(timer);
      await table.close();
    },
  };
}
