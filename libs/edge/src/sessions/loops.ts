/**
 * Agents that answer each other without end: turns of two streams of this process that alternate
 * with nobody else speaking.
 */
import { LRUCache } from "lru-cache";

/** Turns in all after which a sender is warned. */
export const LOOP_WARNED = 20;
/** Turns in all after which nothing more is sent, unless a call says that it is meant. */
export const LOOP_REFUSED = 40;
/** Conversations that are watched: the ones that spoke last. */
const CONVERSATIONS_MAX = 10_000;

type Turns = { readonly pair: ReadonlySet<string>; readonly last: string; readonly count: number };

export class Loops {
  readonly #turns = new LRUCache<string, Turns>({ max: CONVERSATIONS_MAX });

  /** How many turns two streams have alternated. */
  count(conversationId: string): number {
    return this.#turns.get(conversationId)?.count ?? 0;
  }

  /** A stream of this process ended a turn. */
  ended(conversationId: string, streamId: string): void {
    const before = this.#turns.get(conversationId);
    if (before?.last === streamId) return;
    const pair = new Set([...(before?.pair ?? []), streamId]);
    const isPair = before !== undefined && pair.size <= 2;
    const turns = isPair ? { pair, count: before.count + 1 } : { pair: restOf(before, streamId) };
    this.#turns.set(conversationId, { count: 1, ...turns, last: streamId });
  }

  /** Somebody spoke: the count goes on only for the two. */
  spoke(conversationId: string, streamId: string): void {
    const before = this.#turns.get(conversationId);
    if (before !== undefined && !before.pair.has(streamId)) this.forget(conversationId);
  }

  forget(conversationId: string): void {
    this.#turns.delete(conversationId);
  }
}

/** Of three the first is not part of a new pair. */
function restOf(before: Turns | undefined, streamId: string): ReadonlySet<string> {
  return new Set(before === undefined ? [streamId] : [before.last, streamId]);
}
