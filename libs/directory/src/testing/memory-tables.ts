/**
 * The tables of the embedded directory in memory instead of a file, with copies that can be put
 * back. Tests only.
 */
import type { Tables } from "../embedded/tables.ts";

type Range = {
  readonly start?: string;
  readonly end?: string;
  readonly exclusiveStart?: boolean;
  readonly limit?: number;
  /** From `start`, or the last key, backwards. */
  readonly reverse?: boolean;
};

/**
 * As much of an LMDB database as the embedded directory uses. Values are never changed in place.
 */
class MemoryTable {
  rows = new Map<string, unknown>();

  get(key: string): unknown {
    return this.rows.get(key);
  }

  doesExist(key: string): boolean {
    return this.rows.has(key);
  }

  putSync(key: string, value: unknown): void {
    this.rows.set(key, value);
  }

  removeSync(key: string): boolean {
    return this.rows.delete(key);
  }

  getKeysCount(): number {
    return this.rows.size;
  }

  getKeys({ reverse = false, ...range }: Range = {}): readonly string[] {
    if (!reverse) return this.#keysFrom(range);
    const { start, exclusiveStart = false, limit } = range;
    const isIn = (key: string) =>
      start === undefined || (exclusiveStart ? key < start : key <= start);
    return [...this.rows.keys()].filter(isIn).sort(byText).reverse().slice(0, limit);
  }

  #keysFrom({ start = "", end, exclusiveStart = false, limit }: Range): readonly string[] {
    const isIn = (key: string) =>
      (exclusiveStart ? key > start : key >= start) && (end === undefined || key < end);
    return [...this.rows.keys()].filter(isIn).sort(byText).slice(0, limit);
  }

  getRange(range: Range = {}): readonly { readonly key: string; readonly value: unknown }[] {
    return this.getKeys(range).map((key) => ({ key, value: this.rows.get(key) }));
  }
}

function byText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

export type MemoryTables = {
  readonly tables: Tables;
  /** Remembers what the tables hold now; the function that it returns puts it back. */
  readonly copy: () => () => void;
};

export function openMemoryTables(): MemoryTables {
  const opened = new Map<string, MemoryTable>();
  const file = { transactionSync: (action: () => unknown) => action() };
  const tables = new Proxy({} as Tables, {
    get(_, name) {
      if (name === "file") return file;
      const table = opened.get(String(name)) ?? new MemoryTable();
      opened.set(String(name), table);
      return table;
    },
  });
  const copy = () => {
    const kept = [...opened].map(([name, { rows }]) => [name, new Map(rows)] as const);
    return () => {
      for (const table of opened.values()) table.rows = new Map();
      for (const [name, rows] of kept) (opened.get(name) as MemoryTable).rows = new Map(rows);
    };
  };
  return { tables, copy };
}
