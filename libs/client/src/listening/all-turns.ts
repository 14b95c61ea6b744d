/** The turns of all streams, each from its first token on. */
import { onAbort } from "../abort.ts";
import type { AmsError } from "../errors.ts";
import { turnEndOf } from "./conventions.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { AmsEvent, TokenEvent } from "./events.ts";
import type { Budget, Queue } from "./queue.ts";
import { OpenTurn, type Turn } from "./turn.ts";
import { lost, type TextOptions } from "./turns.ts";

/** Turns that wait for somebody who reads them; also the steps that `give` takes for each. */
const UNREAD_MAX = 1_024;

/**
 * Gives a turn when its first token comes; its text may still grow. It listens from the call on. A
 * turn that nobody reads is kept while there is space for it. One that was given goes on to its end
 * when the iterator is left.
 */
export function readAllTurns(
  dispatcher: Dispatcher,
  { signal, gaps = "throw" }: TextOptions,
): AsyncIterableIterator<Turn, undefined> {
  const turns = new AllTurns(gaps === "throw");
  const queue = dispatcher.queue<OpenTurn>((event, self) => turns.take(event, self), signal);
  turns.stopOn(signal);
  return {
    next: async () => {
      const result = await queue.next();
      if (!result.done) turns.give(result.value);
      return result;
    },
    return: async () => {
      if (turns.leave() === 0) await queue.return();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

class AllTurns {
  readonly #throwsLosses: boolean;
  readonly #budget: Budget = { characters: 0 };
  readonly #open = new Map<string, OpenTurn>();
  #isBroken = false; // True from when the connection broke until it is back.
  #isLeft = false; // True when nobody asks for more turns.
  #stopWatching = () => {};
  /** The turns that the reader has, and that it may not have begun to read; oldest first. */
  #given: OpenTurn[] = [];

  constructor(throwsLosses: boolean) {
    this.#throwsLosses = throwsLosses;
  }

  stopOn(signal: AbortSignal | undefined): void {
    this.#stopWatching = onAbort(signal, (error) => this.#endAll(error));
  }

  /** The turn that begins with this event, if one does. */
  take(event: AmsEvent, queue: Queue<OpenTurn>): OpenTurn | undefined {
    this.#takeFate(event);
    if (!("streamId" in event) || event.streamId === null) return undefined;
    const isEnd = turnEndOf(event) !== null;
    const isLoss = event.type === "gap" && this.#throwsLosses;
    if (isEnd || isLoss) this.#end(event.streamId, isEnd ? null : lost());
    else if (event.type === "token") return this.#token(event);
    if (this.#isLeft && this.#open.size === 0) void queue.return();
    return undefined;
  }

  give(turn: OpenTurn): void {
    this.#given = this.#given.filter(({ isRead }) => !isRead);
    this.#given.push(turn);
    if (this.#given.length > UNREAD_MAX) this.#dropOldest();
  }

  /** No more turns; returns how many of those that were given go on. */
  leave(): number {
    this.#isLeft = true;
    for (const [id, turn] of this.#open) {
      if (!turn.isRead && !this.#given.includes(turn)) this.#end(id, null);
    }
    return this.#open.size;
  }

  /** What happens to the connection happens to all turns. */
  #takeFate(event: AmsEvent): void {
    if (event.type === "closed") {
      this.#stopWatching();
      this.#endAll(event.error);
    }
    // One's own move to another gateway (§4.9) takes a moment, and the turns go on.
    if (event.type === "reconnecting") this.#isBroken ||= event.cause.code !== "stream_displaced";
    const isLoss =
      event.type === "joined" ? this.#isBroken : event.type === "gap" && event.streamId === null;
    if (isLoss && this.#throwsLosses) this.#endAll(lost());
    if (event.type === "joined") this.#isBroken = false;
  }

  #token(event: TokenEvent): OpenTurn | undefined {
    const known = this.#open.get(event.streamId);
    if (known === undefined && this.#isLeft) return undefined;
    const turn = known ?? new OpenTurn(event, this.#budget);
    while (!turn.fits(event.data) && this.#given.length > 0) this.#dropOldest();
    this.#open.set(event.streamId, turn);
    turn.push(event.data);
    return known === undefined ? turn : undefined;
  }

  #dropOldest(): void {
    const oldest = this.#given.shift();
    if (oldest?.isRead === false) oldest.drop();
  }

  #end(id: string, error: AmsError | null): void {
    this.#open.get(id)?.end(error);
    this.#open.delete(id);
  }

  #endAll(error: AmsError | null): void {
    for (const id of [...this.#open.keys()]) this.#end(id, error);
  }
}
