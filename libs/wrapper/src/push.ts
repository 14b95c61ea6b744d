/** One listener of a session: pushes what its seats hear for as long as it takes it. It keeps no events: the seats' buffers do. */
import type { Counters, Listener } from "./contract.ts";
import type { Hold } from "./hold.ts";

export class Push {
  readonly path: string;
  readonly #listener: Listener;
  readonly #conversationId: string | null;
  readonly #counters: Counters;
  #full = false;
  #over = false;

  constructor(path: string, listener: Listener, conversationId: string | null, counters: Counters) {
    this.path = path;
    this.#listener = listener;
    this.#conversationId = conversationId;
    this.#counters = counters;
  }

  /** There may be something new in this seat. */
  pump(hold: Hold): void {
    if (this.#full || this.#over || !this.#wants(hold)) return;
    this.#full = !hold.push(this.path, (event) => {
      this.#counters.add("events_pushed", 1);
      return this.#listener.event(event) && !this.#over;
    });
  }

  resume(holds: Iterable<Hold>): void {
    this.#full = false;
    for (const hold of holds) this.pump(hold);
  }

  /** Nothing is pushed any more. */
  stop(): void {
    this.#over = true;
  }

  end(why: Parameters<Listener["ended"]>[0]): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.ended(why);
  }

  #wants(hold: Hold): boolean {
    return this.#conversationId === null || this.#conversationId === hold.seat.conversationId;
  }
}
