/**
 * One listener of a session: pushes what its subscriptions hear for as long as it takes it. It
 * keeps no events: the subscriptions' buffers do.
 */
import type { Counters, Listener } from "../contract.ts";
import type { PushEvent } from "./events.ts";
import type { Hold } from "./hold.ts";

/** Which subscriptions it hears: null for all. */
export type Only = {
  readonly conversationId: string | null;
  readonly streamName: string | null;
};

export type PushOptions = {
  readonly path: string;
  readonly listener: Listener;
  readonly only: Only;
  readonly counters: Counters;
  /** Called when the listener threw: it gets nothing any more. */
  readonly broken: (push: Push) => void;
};

export class Push {
  readonly #options: PushOptions;
  #full = false;
  #over = false;
  readonly #waiting: (() => void)[] = []; // For the listener to take all.

  constructor(options: PushOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** There may be something new in this subscription. */
  pump(hold: Hold): void {
    if (this.#full || this.#over || !this.#wants(hold)) return;
    this.#full = !hold.push(this.path, (event) => this.#take(event, hold));
  }

  resume(holds: Iterable<Hold>): void {
    this.#full = false;
    for (const hold of holds) this.pump(hold);
    this.#settle();
  }

  /** Resolves when its listener has taken all that there is, or gets nothing any more. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#settle();
    });
  }

  /** Nothing is pushed any more. */
  stop(): void {
    this.#over = true;
    this.#settle();
  }

  end(why: Parameters<Listener["ended"]>[0]): void {
    if (this.#over) return;
    this.stop();
    this.#options.listener.ended(why);
  }

  #settle(): void {
    if (this.#full && !this.#over) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /**
   * A listener that throws is its author's fault: it is reported as uncaught, and the subscription
   * goes on.
   */
  #take(event: PushEvent, { subscription }: Hold): boolean {
    const { listener, counters, broken } = this.#options;
    counters.add("events_pushed", 1);
    try {
      return listener.event(event, subscription) && !this.#over;
    } catch (error) {
      broken(this);
      queueMicrotask(() => {
        throw error;
      });
      return false;
    }
  }

  #wants({ subscription }: Hold): boolean {
    const { conversationId, streamName } = this.#options.only;
    const isThere = conversationId === null || conversationId === subscription.conversationId;
    return isThere && (streamName === null || streamName === subscription.streamName);
  }
}
