/** Reading iterators and failures in tests. */
import { AmsError } from "../errors.ts";

export async function take<Item>(iterator: AsyncIterator<Item>, count: number): Promise<Item[]> {
  const items: Item[] = [];
  while (items.length < count) {
    const result = await iterator.next();
    if (result.done) throw new Error(`The iterator ended after ${items.length} items.`);
    items.push(result.value);
  }
  return items;
}

export async function all<Item>(iterable: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The code with which it fails; fails itself when it doesn't, or with anything but an AmsError. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof AmsError) return error.code;
  throw new Error(`Not an AmsError: ${String(error)}`);
}
