/** Reading iterators and failures in tests of the SDK. */
import type { AmsError, AmsEvent, Connection, EventOf } from "@ams/client";

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

/** The next event of a type; whatever comes before it is passed over. */
export async function next<Type extends AmsEvent["type"]>(
  connection: Connection,
  type: Type,
): Promise<EventOf<Type>> {
  return await new Promise((resolve) => {
    const stop = connection.on(type, (event) => {
      stop();
      resolve(event);
    });
  });
}

/** The AmsError with which it fails, of whatever entry's class; fails itself when it doesn't. */
export async function failure(promise: Promise<unknown>): Promise<AmsError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Error && error.name === "AmsError") return error as AmsError;
  throw new Error(`Not an AmsError: ${String(error)}`);
}
