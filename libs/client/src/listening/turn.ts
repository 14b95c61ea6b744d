/** One turn of one stream, as `turns()` without a name gives it. */
import { AmsError } from "../errors.ts";
import type { StreamIdentity } from "./events.ts";
import { type Budget, QUEUE_CHARACTERS_MAX, Queue } from "./queue.ts";

/** What one piece costs beside its text, in characters: its string and its entry in a queue. */
const PIECE_CHARACTERS = 32;
/** What a turn itself costs, in characters: its object, its queue and its two readers. */
const TURN_CHARACTERS = 512;

/** The pieces of a turn as they come, and whose they are. */
export type TurnStream = StreamIdentity & AsyncIterableIterator<string, undefined>;

export type Turn = {
  /** The name of the stream that speaks. */
  readonly from: string;
  /**
   * The whole text, when the turn has ended: from the first piece if it is asked for before
   * `stream` is read.
   */
  readonly text: Promise<string>;
  readonly stream: TurnStream;
};

/** Keeps what its readers have not taken, within a budget that all turns of an iterator share. */
export class OpenTurn implements Turn {
  readonly from: string;
  readonly stream: TurnStream;
  readonly #budget: Budget;
  readonly #queue: Queue<string>;
  #isRead = false;
  #isBegun = false;
  #whole: Whole | null = null;
  #text: Promise<string> | null = null;
  #end: { readonly error: AmsError | null } | null = null;

  constructor(identity: StreamIdentity, budget: Budget) {
    const { streamId, streamName, ownerAccountId } = identity;
    const queue = new Queue<string>(() => {}, QUEUE_CHARACTERS_MAX, budget);
    const iterator: AsyncIterableIterator<string, undefined> = {
      next: () => {
        this.#isRead = true;
        return queue.next();
      },
      return: () => queue.return(),
      [Symbol.asyncIterator]: () => this.stream,
    };
    this.from = streamName;
    this.stream = Object.assign(iterator, { streamId, streamName, ownerAccountId });
    this.#budget = budget;
    this.#queue = queue;
  }

  get text(): Promise<string> {
    this.#isRead = true;
    this.#text ??=
      this.#end === null ? this.#rest() : settled(this.#end.error, this.#queue.waiting);
    return this.#text;
  }

  push(data: string): void {
    this.#queue.push(data, this.#costOf(data));
    this.#isBegun = true;
    this.#whole?.push(data);
  }

  /** True when `data` can be kept for a reader that is not there yet. */
  fits(data: string): boolean {
    return this.#budget.characters + this.#costOf(data) <= QUEUE_CHARACTERS_MAX;
  }

  /** The text of a turn that still grows. */
  #rest(): Promise<string> {
    this.#whole = new Whole(this.#budget, this.#queue.waiting);
    return this.#whole.text;
  }

  #costOf(data: string): number {
    return data.length + PIECE_CHARACTERS + (this.#isBegun ? 0 : TURN_CHARACTERS);
  }

  end(error: AmsError | null): void {
    this.#end ??= { error };
    this.#queue.end(error);
    this.#whole?.end(error);
  }

  get isRead(): boolean {
    return this.#isRead;
  }

  /** Drops what waits: nobody reads it, and others need the space. */
  drop(): void {
    const error = new AmsError(
      "slow_consumer",
      "This turn was dropped: nobody read it, and its space was needed for later ones.",
    );
    this.#end = { error };
    this.#queue.abort(error);
  }
}

/** The text of a turn from the moment at which somebody asked for it. */
class Whole {
  readonly text: Promise<string>;
  readonly #budget: Budget;
  #parts: string[] = [];
  #characters = 0;
  #over = false;
  #settle: (error: AmsError | null) => void = () => {};

  constructor(budget: Budget, waiting: readonly string[]) {
    this.#budget = budget;
    this.text = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === null ? resolve(this.#parts.join("")) : reject(error));
    });
    this.text.catch(() => {}); // It is whoever asked for the text that handles its error.
    for (const data of waiting) this.push(data);
  }

  push(data: string): void {
    if (this.#over) return;
    const characters = data.length + PIECE_CHARACTERS;
    if (this.#budget.characters + characters > QUEUE_CHARACTERS_MAX) {
      this.end(
        new AmsError("slow_consumer", "The turns are longer than is kept, or read too slowly."),
      );
      return;
    }
    this.#characters += characters;
    this.#budget.characters += characters;
    this.#parts.push(data);
  }

  end(error: AmsError | null): void {
    this.#over = true;
    this.#settle(error);
    this.#budget.characters -= this.#characters;
    this.#characters = 0;
    this.#parts = [];
  }
}

function settled(error: AmsError | null, pieces: readonly string[]): Promise<string> {
  return error === null ? Promise.resolve(pieces.join("")) : Promise.reject(error);
}
