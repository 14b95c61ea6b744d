/**
 * The claim counter of each conversation. The file keeps an epoch that no claim has used yet,
 * raised by a block at a time, so that most claims don't wait for the disk and none is ever given
 * twice, whenever the process ends.
 */
import type { Store } from "./store.ts";

/**
 * Claims between two writes of the counter. Epochs that a restart skips are never missed: they only
 * ever rise.
 */
const BLOCK = 100;

export type Counter = { last: number; limit: number };

/** The next epoch of this conversation, above all that were used. */
export function nextEpoch(store: Store, key: string): number {
  const counter = counterOf(store, key);
  if (counter.last + 1 >= counter.limit) extend(store, key, counter, counter.last + 1 + BLOCK);
  counter.last += 1;
  return counter.last;
}

/** Sees to it that later epochs are above this one. */
export function raiseEpoch(store: Store, key: string, epoch: number): void {
  const counter = counterOf(store, key);
  if (epoch >= counter.limit) extend(store, key, counter, epoch + BLOCK);
  counter.last = Math.max(counter.last, epoch);
}

function counterOf(store: Store, key: string): Counter {
  const limit = store.tables.claims.get(key) ?? 1;
  const counter = store.claims.get(key) ?? { last: limit - 1, limit };
  store.claims.set(key, counter);
  return counter;
}

function extend(store: Store, key: string, counter: Counter, limit: number): void {
  store.tables.claims.putSync(key, limit);
  counter.limit = limit;
}
