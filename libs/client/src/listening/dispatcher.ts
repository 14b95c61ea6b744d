/** Hands every event to whoever listens; keeps what comes before anybody does, up to a limit. */
import { onAbort } from "../abort.ts";
import { checkSignal, must } from "../arguments.ts";
import { callSafely } from "../call-safely.ts";
import type { AmsError } from "../errors.ts";
import type { AmsEvent, EventOf, GapEvent } from "./events.ts";
import { Queue } from "./queue.ts";

/**
 * Characters of events kept until somebody listens: enough for what comes while a program gets
 * ready.
 */
const BACKLOG_CHARACTERS_MAX = 262_144;

/** What one event costs beside its text, in characters: its object and its entry in the queue. */
const EVENT_CHARACTERS = 256;

/**
 * Maps an event to what a queue holds; undefined passes it over. `end` is called with the queue
 * when it should end.
 */
export type Select<Item> = (event: AmsEvent, queue: Queue<Item>) => Item | undefined;

type Kept = { readonly event: AmsEvent; readonly characters: number };
type Sink = {
  readonly deliver: (kept: Kept) => void;
  readonly end: (error: AmsError | null) => void;
};

const UNREAD: GapEvent = {
  type: "gap",
  streamId: null,
  streamName: null,
  after: null,
  before: null,
  missing: null,
  reason: "unread",
};

export class Dispatcher {
  readonly #sinks = new Set<Sink>();
  #backlog: Kept[] | null = [];
  #backlogCharacters = 0;
  #over = false;
  #error: AmsError | null = null;

  /** `characters` is the length of the text that the event came as. */
  publish(event: AmsEvent, characters: number): void {
    const kept = { event, characters: characters + EVENT_CHARACTERS };
    this.#keep(kept);
    for (const sink of [...this.#sinks]) sink.deliver(kept);
  }

  /**
   * The end, after which nothing is published: iterators finish what waits, then throw the error or
   * end.
   */
  end(error: AmsError | null): void {
    this.#over = true;
    this.#error = error;
    for (const sink of [...this.#sinks]) sink.end(error);
    this.#sinks.clear();
  }

  /** A new iterator over what `select` takes, from the backlog on. */
  queue<Item>(select: Select<Item>, signal?: AbortSignal): Queue<Item> {
    checkSignal(signal);
    let stopHearing = () => {};
    const queue: Queue<Item> = new Queue(() => {
      this.#sinks.delete(sink);
      stopHearing();
    });
    const sink: Sink = {
      deliver: ({ event, characters }) => {
        const item = select(event, queue);
        if (item !== undefined) queue.push(item, characters);
      },
      end: (error) => queue.end(error),
    };
    this.#add(sink);
    stopHearing = onAbort(signal, (error) => queue.abort(error));
    for (const kept of this.#claimBacklog()) sink.deliver(kept);
    if (this.#over) queue.end(this.#error);
    return queue;
  }

  /**
   * Calls `listener` with every event of one type until the returned function is called. Tokens:
   * from the backlog on.
   */
  on<Type extends AmsEvent["type"]>(
    type: Type,
    listener: (event: EventOf<Type>) => void,
  ): () => void {
    must(typeof listener === "function", "A listener is a function.");
    const sink: Sink = {
      deliver: ({ event }) => {
        if (isOfType(event, type)) callSafely(() => listener(event));
      },
      end: () => {},
    };
    if (type !== "token") {
      this.#add(sink);
      return () => this.#sinks.delete(sink);
    }
    // Not from within `on`: its caller doesn't expect to be called yet. What comes until then waits
    // its turn.
    const waiting = [...this.#claimBacklog()];
    const early: Sink = { deliver: (kept) => waiting.push(kept), end: () => {} };
    let listening = true;
    this.#add(early);
    queueMicrotask(() => {
      this.#sinks.delete(early);
      for (const kept of waiting) if (listening) sink.deliver(kept);
      if (listening) this.#add(sink);
    });
    return () => {
      listening = false;
      this.#sinks.delete(sink);
    };
  }

  #add(sink: Sink): void {
    if (!this.#over) this.#sinks.add(sink);
  }

  #keep(kept: Kept): void {
    if (this.#backlog === null) return;
    this.#backlogCharacters += kept.characters;
    if (this.#backlogCharacters <= BACKLOG_CHARACTERS_MAX) this.#backlog.push(kept);
    else this.#backlog = [{ event: UNREAD, characters: EVENT_CHARACTERS }];
  }

  /** Everybody who begins to listen in the same turn receives the backlog; then it is gone. */
  #claimBacklog(): readonly Kept[] {
    const backlog = this.#backlog;
    if (backlog === null) return [];
    queueMicrotask(() => {
      this.#backlog = null;
    });
    return backlog;
  }
}

function isOfType<Type extends AmsEvent["type"]>(
  event: AmsEvent,
  type: Type,
): event is EventOf<Type> {
  return event.type === type;
}
