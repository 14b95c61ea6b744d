/**
 * A capped queue of an async iterator: what arrives waits for its reader, up to a limit and
 * never beyond.
 */
import { AmsError } from "../errors.ts";

/** Characters that all waiting items of one iterator may hold together: 8 to 32 MiB of memory. */
export const QUEUE_CHARACTERS_MAX = 8_388_608;

/** Characters that several queues hold together. */
export type Budget = { characters: number };

type Waiter<Item> = {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: AmsError) => void;
};

/**
 * An item that doesn't fit ends the queue: its reader still gets every item that came before, and
 * then `AmsError("slow_consumer")`. So a slow reader loses nothing silently.
 */
export class Queue<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #charactersMax: number;
  readonly #onDone: () => void;
  readonly #budget: Budget;
  #items: { readonly item: Item; readonly characters: number }[] = [];
  #head = 0; // Index of the next item: `shift` would cost the length of the queue each time.
  #characters = 0;
  #waiters: Waiter<Item>[] = [];
  #ended = false;
  #error: AmsError | null = null;

  /**
   * `onDone` is called once, when nothing more should be pushed. Queues with the same `budget`
   * share the limit.
   */
  constructor(
    onDone: () => void,
    charactersMax = QUEUE_CHARACTERS_MAX,
    budget: Budget = { characters: 0 },
  ) {
    this.#onDone = onDone;
    this.#charactersMax = charactersMax;
    this.#budget = budget;
  }

  push(item: Item, characters: number): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ value: item, done: false });
      return;
    }
    if (this.#budget.characters + characters > this.#charactersMax) {
      this.end(
        new AmsError("slow_consumer", "The events were read too slowly, and their queue is full."),
      );
      return;
    }
    this.#hold(characters);
    this.#items.push({ item, characters });
  }

  /** No more items: the reader gets what waits, then the error or the end. */
  end(error: AmsError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#onDone();
    for (const waiter of this.#waiters.splice(0)) this.#settle(waiter);
  }

  /** Like `end`, at once: what waits is dropped. */
  abort(error: AmsError): void {
    this.#clear();
    this.end(error);
  }

  /** What waits for its reader. */
  get waiting(): readonly Item[] {
    return this.#items.slice(this.#head).map(({ item }) => item);
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const entry = this.#items[this.#head];
    if (entry !== undefined) return Promise.resolve({ value: this.#take(entry), done: false });
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#ended) this.#settle(waiter);
      else this.#waiters.push(waiter);
    });
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#clear();
    this.end(null);
    this.#error = null;
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(entry: { readonly item: Item; readonly characters: number }): Item {
    this.#head += 1;
    this.#hold(-entry.characters);
    if (this.#head === this.#items.length) this.#clear();
    else if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return entry.item;
  }

  #clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#hold(-this.#characters);
  }

  #hold(characters: number): void {
    this.#characters += characters;
    this.#budget.characters += characters;
  }

  /**
   * An error is thrown once, to the first that asks; after it the iterator is done, as a generator
   * is.
   */
  #settle(waiter: Waiter<Item>): void {
    const error = this.#error;
    this.#error = null;
    if (error === null) waiter.resolve({ value: undefined, done: true });
    else waiter.reject(error);
  }
}
