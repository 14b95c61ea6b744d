/** Token streams as running text: turn by turn, up to `end_of_turn` or until the stream leaves. */
import { AmsError } from "../errors.ts";
import { END_OF_TURN, turnEndOf } from "./conventions.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { AmsEvent, TokenEvent } from "./events.ts";
import type { Queue } from "./queue.ts";
import { isCalled, type Roster } from "./roster.ts";

export type TextOptions = {
  readonly signal?: AbortSignal | undefined;
  /**
   * What a loss in the stream does: `throw` (unless given) ends the text with `tokens_lost`, also
   * when the connection broke within a turn; `skip` goes on after the gap.
   */
  readonly gaps?: "throw" | "skip";
};

type Piece = { readonly data: string } | typeof END_OF_TURN;

/** The tokens of all streams; or of one, until it leaves. It listens from the call on. */
export function readTokens(
  dispatcher: Dispatcher,
  roster: Roster,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Queue<TokenEvent> {
  const queue: Queue<TokenEvent> = dispatcher.queue((event) => {
    if (from !== undefined) {
      if (!isOf(event, from)) return undefined;
      if (event.type === "stream_left") queue.end(null);
    }
    return event.type === "token" ? event : undefined;
  }, signal);
  if (from !== undefined && roster.isGone(from)) queue.end(null);
  return queue;
}

/** The text of a stream, by id or name, up to the end of its turn. It listens from the call on. */
export function readText(
  dispatcher: Dispatcher,
  roster: Roster,
  stream: string,
  options: TextOptions,
): AsyncIterableIterator<string, undefined> {
  const pieces = listen(dispatcher, roster, stream, options);
  const turn = new Turn(pieces, null);
  return {
    next: async () => {
      const result = await turn.next();
      if (result.done) await pieces.return();
      return result;
    },
    return: async () => {
      await pieces.return();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * One text per turn, until the stream leaves. It listens from the call on; what is left unread of a
 * turn is passed over.
 */
export function readTurns(
  dispatcher: Dispatcher,
  roster: Roster,
  stream: string,
  options: TextOptions,
): Turns {
  return turnsOf(listen(dispatcher, roster, stream, options));
}

export type Turns = AsyncGenerator<AsyncIterableIterator<string, undefined>, undefined>;

async function* turnsOf(pieces: Queue<Piece>): Turns {
  try {
    for await (const piece of pieces) {
      if (piece === END_OF_TURN) continue; // A turn without a token is none.
      const turn = new Turn(pieces, piece.data);
      yield turn;
      await turn.skip();
    }
    return undefined;
  } finally {
    await pieces.return();
  }
}

/** The pieces up to the next end of a turn. */
class Turn implements AsyncIterableIterator<string, undefined> {
  readonly #pieces: Queue<Piece>;
  #first: string | null;
  #hasText = false;
  #over = false;

  constructor(pieces: Queue<Piece>, first: string | null) {
    this.#pieces = pieces;
    this.#first = first;
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    const first = this.#first;
    this.#first = null;
    if (first !== null) return this.#give(first);
    if (this.#over) return { value: undefined, done: true };
    for (;;) {
      const piece = await this.#pieces.next();
      if (!piece.done && piece.value !== END_OF_TURN) return this.#give(piece.value.data);
      if (!piece.done && !this.#hasText) continue; // A turn without a token is none.
      this.#over = true;
      return { value: undefined, done: true };
    }
  }

  #give(value: string): IteratorResult<string, undefined> {
    this.#hasText = true;
    return { value, done: false };
  }

  /** Reads on to the end of the turn, for nobody. */
  async skip(): Promise<void> {
    while (!(await this.next()).done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Everything of one stream, until it leaves. */
function listen(
  dispatcher: Dispatcher,
  roster: Roster,
  stream: string,
  { signal, gaps = "throw" }: TextOptions,
): Queue<Piece> {
  let within = false; // True from a turn's first token to its end.
  let broken = false; // True when the connection broke within a turn.
  const select = (event: AmsEvent, queue: Queue<Piece>): Piece | undefined => {
    // One's own move to another gateway (§4.9) takes a moment: the turn goes on, and a loss in it
    // shows at its next frame.
    if (event.type === "reconnecting" && event.cause.code !== "stream_displaced") broken ||= within;
    // What came while away is lost, perhaps the end of the turn too: to wait for it could never
    // end.
    if (event.type === "joined" && broken && event.replays !== true && gaps === "throw")
      queue.end(lost());
    if (!isOf(event, stream)) return undefined;
    const end = turnEndOf(event);
    if (end === "left") queue.end(null);
    else if (end !== null) {
      within = false;
      return END_OF_TURN;
    }
    if (event.type === "token") {
      within = true;
      return { data: event.data };
    }
    if (event.type === "gap" && gaps === "throw") queue.end(lost());
    return undefined;
  };
  const queue = dispatcher.queue(select, signal);
  if (roster.isGone(stream)) queue.end(null);
  return queue;
}

function isOf(event: AmsEvent, stream: string): boolean {
  return "streamId" in event && isCalled(event, stream);
}

export function lost(): AmsError {
  return new AmsError(
    "tokens_lost",
    "Tokens of this stream are lost, or may be: its text has a hole here.",
  );
}
