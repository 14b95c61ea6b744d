/** A connection: one stream of one conversation, live, and everything that its peers send. */
import type { AmsError } from "../errors.ts";
import type { AmsEvent, EventOf, Metadata, Peer, TokenEvent } from "../listening/events.ts";
import type { Receipt } from "../listening/frames.ts";
import type { Turn } from "../listening/turn.ts";
import type { TextOptions, Turns } from "../listening/turns.ts";
import type { Pick, Piped, PipeOptions } from "../sending/pipe.ts";
import type { SendOptions } from "../sending/send.ts";
import type { Source } from "../sending/source.ts";

export type ListenOptions = {
  /** Ends the iterator with `aborted`. */
  readonly signal?: AbortSignal | undefined;
};

export type TokensOptions = ListenOptions & {
  /** The id or name of the one stream to read, until it leaves; every stream unless given. */
  readonly from?: string;
};

/**
 * What `join` gives. It comes back by itself when the connection breaks (`reconnecting` and
 * `joined` events), under the same stream name, and ends permanently when AMS says so: `closed` is
 * then the last event.
 *
 * Listening: iterators receive what arrives after the call that made them (not from their first
 * `next`). What comes before anybody listens for tokens is kept, up to about 256 KiB, for all who
 * begin to listen in the same turn of the event loop; when more comes, it is dropped and a `gap`
 * event with reason `unread` replaces it. An iterator that is read too slowly keeps about 8
 * million characters: it then gives all of them and throws `slow_consumer`. When the connection
 * ends, iterators give what they still hold; then they end if this side closed it, and throw its
 * `AmsError` if not.
 *
 * @example
 * ```ts
 * import { createAccount, join } from "ams-client";
 *
 * const account = await createAccount("http://127.0.0.1:8080");
 * const { magicLink } = await account.mint();
 * const host = await join(magicLink, { credential: account.credential });
 * const coming = host.peer((peer) => peer.metadata.role === "translator");
 * const guest = await join(magicLink, { guest: true, streamMetadata: { role: "translator" } });
 * console.log((await coming).streamName === guest.streamName); // true
 * await Promise.all([host.close(), guest.close()]);
 * ```
 */
export interface Connection {
  readonly conversationId: string;
  readonly conversationMetadata: Metadata;
  /** This connection's own stream. */
  readonly streamId: string;
  readonly streamName: string;
  readonly ownerAccountId: string;
  /**
   * True when the stream was live as this joined, and was taken over from its earlier connection
   * (§3.5).
   */
  readonly resumed: boolean;
  /**
   * The place in the log up to which everything has come; null where the conversation keeps
   * nothing. `join(link, { since: cursor })` goes on there; what came since the last `cursor` event
   * comes again, with the same `seq`.
   */
  readonly cursor: string | null;
  /** The metadata of the own stream, as last sent. */
  readonly metadata: Metadata;
  /**
   * The other live streams by id; it changes as they come and go, and does not change while there
   * is no connection.
   */
  readonly peers: ReadonlyMap<string, Peer>;
  /**
   * Resolves when the connection has ended permanently: with null when this side closed it. It
   * never rejects.
   */
  readonly closed: Promise<AmsError | null>;

  /**
   * The first peer of this id or name, or that the predicate says yes to: of those who are here,
   * else of those who come or have new metadata from now on. While there is no connection it waits
   * for that first, as who is here is not known. The peer may leave again before you look. Errors:
   * `aborted`, whatever ended the connection, `closed`, and `invalid_argument` when the predicate
   * throws.
   */
  peer(which: string | ((peer: Peer) => boolean), options?: ListenOptions): Promise<Peer>;
  /**
   * Tokens of all streams, or of one, each with its stream, seq and time. Of one stream they end
   * when it leaves, and at once when `from` is the id of one that has left; a takeover (§3.5) is no
   * leaving. A name, and an id that wasn't here, is waited for. An outage of the deployment can
   * part two who then come back one after the other: to go on with a stream that does, wait for it
   * by `peer`, and listen again.
   */
  tokens(options?: TokensOptions): AsyncIterableIterator<TokenEvent, undefined>;
  /** Everything that happens, in order. */
  events(options?: ListenOptions): AsyncIterableIterator<AmsEvent, undefined>;
  /** Calls `listener` with every event of one type; the returned function stops that. */
  on<Type extends AmsEvent["type"]>(
    type: Type,
    listener: (event: EventOf<Type>) => void,
  ): () => void;
  /**
   * The data of one stream's tokens, by its id or name, up to the next `end_of_turn` (see
   * `endTurn`) or until it leaves. A stream that is not there yet is waited for; the id of one that
   * was here and has left ends at once (a name doesn't: somebody may come by it again, for whom
   * `peer` waits too). Throws `tokens_lost` at a hole, unless asked to skip it.
   *
   * To ask and be answered, call this before you send. What it receives first may be older than the
   * question: tokens that were kept because nobody listened yet are received too. Where that
   * matters, let the answer name its question, or drop what was kept, by `await
   * me.tokens().return?.()`, before you call this.
   */
  text(stream: string, options?: TextOptions): AsyncIterableIterator<string, undefined>;
  /**
   * The turns of all streams, each as its first token comes, until the connection ends:
   * `for await (const { from, text } of me.turns()) console.log(from, await text)`. Texts that are
   * being read and texts that wait share 8 million characters; beyond, they throw `slow_consumer`.
   * A loss ends the text of its stream with `tokens_lost`, and no other, unless asked to skip it.
   */
  turns(options?: TextOptions): AsyncIterableIterator<Turn, undefined>;
  /**
   * The text of one stream, by id or name, turn after turn, until the stream leaves, and nothing
   * lost between two turns.
   */
  turns(stream: string, options?: TextOptions): Turns;

  /**
   * Sends one token of at most 65,536 bytes of UTF-8. Without receipts it resolves with null when
   * the socket has taken it (no proof that it arrived); with `receipts: true` it resolves with the
   * token's seq and time when the broker has. While there is no connection it waits, at most for as
   * long as that tries to come back: `reconnectForMs`, 10 minutes by default. A `signal` ends the
   * waiting sooner. Errors: `backpressure` (the buffer is full; nothing was sent),
   * `token_too_large`, `aborted`, `delivery_unknown` (with receipts: the connection broke in
   * between), `closed`, and whatever ended the connection.
   *
   * What `aborted` says: without receipts, that the token was taken back and never goes out, as it
   * only waits for the socket. With receipts it may be out, and only its receipt no longer waited
   * for: whether the broker has it is not known.
   */
  send(data: string, options?: SendOptions): Promise<Receipt | null>;
  /**
   * Sends every text of a source as a token, as it comes, and ends the turn after the last one
   * (`endTurn: false` leaves that out). The source is read no faster than the connection takes it,
   * and is cancelled when the connection ends. Resolves when all is handed over (with receipts:
   * taken by the broker); a pipe that fails does not end the turn. Errors: those of `send`, and
   * `source_failed`; in a browser also `unreachable` and `timeout`, where the file that only a pipe
   * needs doesn't come: nothing was taken from the source then.
   */
  pipe(source: Source<string>, options?: PipeOptions): Promise<Piped>;
  /**
   * The same for items that hold a text:
   * `pipe(stream, (chunk) => chunk.choices[0]?.delta.content)`.
   */
  pipe<Item>(source: Source<Item>, pick: Pick<Item>, options?: PipeOptions): Promise<Piped>;
  /**
   * Replaces the stream's metadata, at most 16,384 bytes of JSON, and notifies the others. Resolves
   * and fails as `send` does.
   */
  setMetadata(metadata: Metadata, options?: SendOptions): Promise<Receipt | null>;
  /**
   * Ends the turn (docs/CONVENTIONS.md): sends the token `{"ams.convention.v1":"end_of_turn"}`,
   * which readers of text don't show. Resolves and fails as `send` does.
   */
  endTurn(options?: SendOptions): Promise<Receipt | null>;
  /**
   * Milliseconds to the broker and back, by a monotonic clock. Errors: `connection_lost`,
   * `aborted`.
   */
  ping(options?: ListenOptions): Promise<number>;
  /**
   * Sends what still waits, for 5 s at most, and leaves. Never rejects; calling it again is fine.
   */
  close(): Promise<void>;
}
