/**
 * State that can be taken back: a decision changes it before its append is acknowledged, and what
 * was not appended is undone. Values are never changed in place.
 */

export class Undo {
  readonly #steps: (() => void)[] = [];
  #isOn = false;

  /** Where a later `back` returns to. From now on steps are kept. */
  mark(): number {
    this.#isOn = true;
    return this.#steps.length;
  }

  add(step: () => void): void {
    if (this.#isOn) this.#steps.push(step);
  }

  back(mark: number): void {
    while (this.#steps.length > mark) this.#steps.pop()?.();
  }

  /** What was done stays. */
  keep(): void {
    this.#steps.length = 0;
    this.#isOn = false;
  }
}

export class Table<Value> {
  readonly #rows = new Map<string, Value>();
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Value | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  set(key: string, value: Value): void {
    const before = this.#rows.get(key);
    const wasThere = this.#rows.has(key);
    this.#undo.add(() => {
      if (wasThere && before !== undefined) this.#rows.set(key, before);
      else this.#rows.delete(key);
    });
    this.#rows.set(key, value);
  }

  delete(key: string): void {
    const before = this.#rows.get(key);
    if (before === undefined) return;
    this.#undo.add(() => this.#rows.set(key, before));
    this.#rows.delete(key);
  }

  values(): IterableIterator<Value> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#rows.entries();
  }
}

/** A row that only grows. */
export class List<Value> {
  readonly #items: Value[] = [];
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  get length(): number {
    return this.#items.length;
  }

  at(index: number): Value | undefined {
    return this.#items[index];
  }

  push(value: Value): void {
    this.#undo.add(() => this.#items.pop());
    this.#items.push(value);
  }

  slice(from: number, to: number): readonly Value[] {
    return this.#items.slice(from, to);
  }
}

/** Lists by a key, such as the delegations of an agent. */
export class Index {
  readonly #table: Table<List<string>>;
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
    this.#table = new Table(undo);
  }

  add(key: string, value: string): void {
    const list = this.#table.get(key) ?? new List<string>(this.#undo);
    if (!this.#table.has(key)) this.#table.set(key, list);
    list.push(value);
  }

  of(key: string): readonly string[] {
    return this.#table.get(key)?.slice(0, Number.MAX_SAFE_INTEGER) ?? [];
  }

  count(key: string): number {
    return this.#table.get(key)?.length ?? 0;
  }
}
