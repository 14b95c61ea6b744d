/** What a pipe can read from, as one kind of iterator. */
import { AmsError } from "../errors.ts";

/** A ReadableStream, which not every browser can iterate. */
type Readable<Item> = { getReader(): Reader<Item> };
type Reader<Item> = {
  read(): Promise<
    | { readonly done: false; readonly value: Item }
    | { readonly done: true; readonly value?: unknown }
  >;
  cancel(): Promise<void>;
};

/** A model's stream, a process's output, an array: whatever gives one item after the other. */
export type Source<Item> = AsyncIterable<Item> | Iterable<Item> | Readable<Item>;

export type Pull<Item> = {
  /** The next item; null at the end. */
  readonly next: () => Promise<{ readonly item: Item } | null>;
  /** Closes the source, as nobody reads on. What it throws then is ignored. */
  readonly cancel: () => void;
};

/**
 * Reads from any source. Throws `invalid_argument` for what is none, and for a ReadableStream that
 * is locked.
 */
export function pullFrom<Item>(source: Source<Item>): Pull<Item> {
  const [next, cancel] = methodsOf(source);
  return {
    next: async () => {
      const result = await next();
      return result.done ? null : { item: result.value };
    },
    cancel: () => {
      Promise.resolve(cancel()).catch(() => {});
    },
  };
}

function methodsOf<Item>(source: Source<Item>) {
  try {
    return open(source);
  } catch (cause) {
    throw new AmsError(
      "invalid_argument",
      "A pipe reads from an async iterable, an iterable or a ReadableStream, and from one that nobody else reads.",
      { cause },
    );
  }
}

function open<Item>(source: Source<Item>) {
  // First, as the iterator of a ReadableStream can't be cancelled while it waits for an item.
  if ("getReader" in source) {
    const reader = source.getReader();
    return [() => reader.read(), () => reader.cancel()] as const;
  }
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return [() => iterator.next(), () => iterator.return?.()] as const;
}
