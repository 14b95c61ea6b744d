/**
 * What was put in last, so many entries at most; the oldest is forgotten for a new one. Weighs next
 * to nothing until it is used.
 */
export class Recent<Key, Value> {
  readonly #max: number;
  /** Most of them stay empty, and an empty map takes 200 bytes. */
  #entries: Map<Key, Value> | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key);
  }

  values(): Iterable<Value> {
    return this.#entries?.values() ?? [];
  }

  /** Puts it behind all others, also when it was there. */
  put(key: Key, value: Value): void {
    this.#entries ??= new Map();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: Key): void {
    this.#entries?.delete(key);
  }
}
