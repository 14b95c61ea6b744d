/**
 * A connection at work: what the connection receives becomes events, what its owner sends goes out
 * by the outbox.
 */

import { onAbort, throwIfAborted } from "../abort.ts";
import { checkOptions, checkSignal, checkText, must, type OptionNames } from "../arguments.ts";
import { toAmsError } from "../causes.ts";
import type { AmsError } from "../errors.ts";
import { isFields } from "../fields.ts";
import { piping } from "../later.ts";
import { readAllTurns } from "../listening/all-turns.ts";
import { END_OF_TURN_DATA } from "../listening/conventions.ts";
import { Dispatcher } from "../listening/dispatcher.ts";
import type { AmsEvent, EventOf, Metadata, Peer, TokenEvent } from "../listening/events.ts";
import type { JoinedFrame, Receipt, ServerFrame } from "../listening/frames.ts";
import { Intake } from "../listening/intake.ts";
import { isCalled, Roster } from "../listening/roster.ts";
import type { Turn } from "../listening/turn.ts";
import {
  readText,
  readTokens,
  readTurns,
  type TextOptions,
  type Turns,
} from "../listening/turns.ts";
import { Outbox, type Outgoing } from "../sending/outbox.ts";
import type { Pick, Piped, PipeOptions } from "../sending/pipe.ts";
import { type SendOptions, sendFrame } from "../sending/send.ts";
import { pullFrom, type Source } from "../sending/source.ts";
import { tokenFrame } from "../sending/token.ts";
import { type Address, addressOf, fitsAddress, type Wishes } from "./address.ts";
import type { Connection, ListenOptions, TokensOptions } from "./connection.ts";
import { closedError, Ending } from "./ending.ts";
import { readMetadata } from "./metadata.ts";
import { Place } from "./place.ts";
import { ReconnectingConnection, type ReconnectingOptions } from "./reconnecting-connection.ts";

export type LiveOptions = Omit<ReconnectingOptions, "address"> & {
  readonly wishes: Wishes;
  readonly sendBufferBytes: number;
  readonly signal: AbortSignal | undefined;
};

/** How a sentence names what `text`, `turns`, `tokens` and `peer` are asked for. */
const STREAM = "A stream's id or name";

const SIGNAL_ONLY: OptionNames<ListenOptions & SendOptions> = { signal: true };
const TOKENS_OPTIONS: OptionNames<TokensOptions> = { from: true, signal: true };
const TEXT_OPTIONS: OptionNames<TextOptions> = { gaps: true, signal: true };
const PIPE_OPTIONS: OptionNames<PipeOptions> = { endTurn: true, signal: true };

export class LiveConnection implements Connection {
  readonly closed: Promise<AmsError | null>;
  readonly #options: LiveOptions;
  readonly #receipts: boolean;
  readonly #dispatcher = new Dispatcher();
  readonly #roster = new Roster();
  readonly #intake = new Intake(this.#dispatcher, this.#roster);
  readonly #outbox: Outbox;
  readonly #connection: ReconnectingConnection;
  readonly #ending = new Ending();
  readonly #place: Place;
  /** What came in the turn in which the first `joined` did, while kept frames follow that. */
  #early: (() => void)[] | null = null;
  #first: JoinedFrame | null = null;
  // The own metadata as last asked for, and as last given to a socket.
  #wanted: Metadata | undefined;
  #given: Metadata | undefined;
  #restoring: Outgoing | null = null;
  #settleClosed: (error: AmsError | null) => void = () => {};
  #stopWatchingAbort = () => {};
  #settleJoin: (error: AmsError | null) => void = () => {};

  constructor(options: LiveOptions) {
    const { wishes, sendBufferBytes } = options;
    this.#receipts = wishes.receipts ?? false;
    this.#options = options;
    this.#place = new Place(wishes);
    this.#wanted = wishes.streamMetadata;
    this.#given = wishes.streamMetadata;
    this.#outbox = new Outbox(sendBufferBytes, this.#receipts);
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#connection = new ReconnectingConnection(
      { ...options, address: () => this.#address() },
      {
        joined: (frame, socket, characters) => {
          this.#onJoined(frame, characters);
          this.#outbox.attach(socket, frame);
        },
        received: (frame, characters) => {
          if (this.#early === null) this.#received(frame, characters);
          else this.#early.push(() => this.#received(frame, characters));
        },
        moving: () => this.#outbox.pause(),
        staying: (socket) => this.#outbox.attach(socket),
        away: () => {
          this.#outbox.detach();
          this.#roster.away();
        },
        retrying: (cause, attempt, delayMs) => {
          this.#intake.broke(cause);
          this.#dispatcher.publish({ type: "reconnecting", attempt, delayMs, cause }, 0);
        },
        ended: (error) => this.#onEnded(error),
      },
    );
  }

  /** Joins; rejects with what refused it. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settleJoin = (error) => (error === null ? resolve() : reject(error));
      this.#stopWatchingAbort = onAbort(this.#options.signal, (error) =>
        this.#connection.end(error),
      );
      this.#connection.start();
    });
  }

  get conversationId(): string {
    return this.#joined.conversationId;
  }

  get conversationMetadata(): Metadata {
    return this.#joined.conversationMetadata;
  }

  get streamId(): string {
    return this.#joined.streamId;
  }

  get streamName(): string {
    return this.#joined.streamName;
  }

  get ownerAccountId(): string {
    return this.#joined.ownerAccountId;
  }

  get resumed(): boolean {
    return this.#joined.resumed;
  }

  get cursor(): string | null {
    return this.#place.cursor;
  }

  get metadata(): Metadata {
    return this.#wanted ?? {};
  }

  get peers(): ReadonlyMap<string, Peer> {
    return this.#roster.peers;
  }

  tokens(options: TokensOptions = {}): AsyncIterableIterator<TokenEvent, undefined> {
    checkOptions(options, TOKENS_OPTIONS);
    const { from, signal } = options;
    if (from !== undefined) checkText(STREAM, from);
    return readTokens(this.#dispatcher, this.#roster, from, signal);
  }

  events(options: ListenOptions = {}): AsyncIterableIterator<AmsEvent, undefined> {
    checkOptions(options, SIGNAL_ONLY);
    return this.#dispatcher.queue((event) => event, options.signal);
  }

  on<Type extends AmsEvent["type"]>(
    type: Type,
    listener: (event: EventOf<Type>) => void,
  ): () => void {
    return this.#dispatcher.on(type, listener);
  }

  text(stream: string, options: TextOptions = {}): AsyncIterableIterator<string, undefined> {
    checkText(STREAM, stream);
    checkOptions(options, TEXT_OPTIONS);
    return readText(this.#dispatcher, this.#roster, stream, options);
  }

  turns(options?: TextOptions): AsyncIterableIterator<Turn, undefined>;
  turns(stream: string, options?: TextOptions): Turns;
  turns(
    streamOrOptions: string | TextOptions = {},
    options: TextOptions = {},
  ): AsyncIterableIterator<Turn, undefined> | Turns {
    if (isFields(streamOrOptions)) {
      checkOptions(streamOrOptions, TEXT_OPTIONS);
      return readAllTurns(this.#dispatcher, streamOrOptions);
    }
    checkText(STREAM, streamOrOptions);
    checkOptions(options, TEXT_OPTIONS);
    return readTurns(this.#dispatcher, this.#roster, streamOrOptions, options);
  }

  async peer(
    which: string | ((peer: Peer) => boolean),
    options: ListenOptions = {},
  ): Promise<Peer> {
    checkOptions(options, SIGNAL_ONLY);
    const { signal } = options;
    if (typeof which !== "function") checkText(STREAM, which);
    const isWanted = typeof which === "string" ? (peer: Peer) => isCalled(peer, which) : which;
    let stopWatching = () => {};
    const found = new Promise<Peer>((resolve, reject) => {
      stopWatching = this.#roster.watch((peer) => {
        try {
          if (isWanted(peer)) resolve(peer);
        } catch (error) {
          reject(toAmsError(error, "invalid_argument", "The predicate for a peer threw."));
        }
      });
    });
    try {
      return await this.#ending.orStop(found, signal);
    } finally {
      stopWatching();
    }
  }

  async send(data: string, options: SendOptions = {}): Promise<Receipt | null> {
    return await this.#send(tokenFrame(data), options);
  }

  async pipe<Item>(
    source: Source<Item>,
    pickOrOptions: Pick<Item> | PipeOptions = {},
    options: PipeOptions = {},
  ): Promise<Piped> {
    const picks = typeof pickOrOptions === "function";
    must(picks || isFields(pickOrOptions), "What picks is a function.");
    const wishes: PipeOptions = picks ? options : { ...options, ...pickOrOptions };
    checkOptions(wishes, PIPE_OPTIONS);
    const { signal, endTurn = true } = wishes;
    checkSignal(signal);
    // Before anything is waited for: a readline interface, as one, keeps no line for whoever begins
    // to read later.
    const pull = pullFrom(source);
    const { pipe } = await piping(signal).catch((error: unknown) => {
      pull.cancel();
      throw error;
    });
    const piped = await pipe(
      this.#outbox,
      this.#ending,
      this.#receipts,
      pull,
      picks ? pickOrOptions : (item: Item) => item,
      wishes,
    );
    if (endTurn && piped.tokens > 0) await this.endTurn({ signal });
    return piped;
  }

  async setMetadata(metadata: Metadata, options: SendOptions = {}): Promise<Receipt | null> {
    const { text, copy } = readMetadata(metadata, "invalid_metadata");
    const onHanded = () => {
      this.#given = copy;
    };
    const sent = this.#send(metadataFrame(text), options, onHanded);
    const before = this.#wanted;
    this.#wanted = copy;
    try {
      return await sent;
    } catch (error) {
      const isHere = this.#wanted === copy && this.#given !== copy; // It never went out.
      if (isHere) this.#wanted = before;
      throw error;
    }
  }

  endTurn(options: SendOptions = {}): Promise<Receipt | null> {
    return this.send(END_OF_TURN_DATA, options);
  }

  async ping(options: ListenOptions = {}): Promise<number> {
    checkOptions(options, SIGNAL_ONLY);
    const { signal } = options;
    throwIfAborted(signal);
    return await this.#ending.orStop(this.#connection.ping(), signal);
  }

  async close(): Promise<void> {
    if (this.#ending.error === null) {
      this.#ending.come(closedError());
      if (!this.#outbox.isIdle) await this.#sendTheRest();
      this.#connection.end(null);
    }
    await this.#connection.hungUp;
  }

  get #joined(): JoinedFrame {
    if (this.#first === null) throw closedError(); // Nobody holds a connection that hasn't joined.
    return this.#first;
  }

  #received(frame: ServerFrame, characters: number): void {
    if (frame.type === "x_receipt") {
      this.#outbox.receipt({ seq: frame.seq, ts: frame.ts });
      return;
    }
    this.#intake.received(frame, characters);
    this.#place.received(frame);
  }

  /** Kept frames follow `joined` at once: whoever joined gets to listen first. */
  #waitForListeners(): void {
    const early: (() => void)[] = [];
    this.#early = early;
    setTimeout(() => {
      this.#early = null;
      for (const take of early) take();
    });
  }

  /** Where to come back to: the same stream, with the metadata that it had. */
  #address(): Address {
    const { wishes } = this.#options;
    const streamName = this.#first?.streamName ?? wishes.streamName;
    return addressOf({
      ...wishes,
      ...this.#place.wishes(),
      streamName,
      streamMetadata: this.#given,
    });
  }

  #onJoined(frame: JoinedFrame, characters: number): void {
    const isFirst = this.#first === null;
    this.#first ??= frame;
    this.#wanted ??= frame.metadata;
    this.#given ??= frame.metadata;
    if (!fitsAddress(this.#given)) this.#restore(this.#given);
    const replays = this.#place.joined(frame);
    this.#intake.joined(frame, characters, replays);
    if (isFirst && replays) this.#waitForListeners();
    if (isFirst) this.#settleJoin(null);
  }

  /**
   * Metadata too large for the address goes out first; that of an earlier reconnect, should it
   * still wait, doesn't.
   */
  #restore(metadata: Metadata): void {
    if (this.#restoring !== null) this.#outbox.withdraw(this.#restoring);
    this.#restoring = quiet(metadataFrame(JSON.stringify(metadata)));
    this.#outbox.offerFirst(this.#restoring);
  }

  #onEnded(error: AmsError | null): void {
    this.#stopWatchingAbort();
    const reason = error ?? closedError();
    this.#outbox.end(reason);
    this.#ending.come(reason);
    this.#dispatcher.publish({ type: "closed", error }, 0);
    this.#dispatcher.end(error);
    this.#settleClosed(error);
    this.#settleJoin(reason);
  }

  async #send(text: string, options: SendOptions, onHanded?: () => void): Promise<Receipt | null> {
    checkOptions(options, SIGNAL_ONLY);
    if (this.#ending.error !== null) throw this.#ending.error;
    return await sendFrame(this.#outbox, text, this.#receipts, options, onHanded);
  }

  async #sendTheRest(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.timing.closeMs);
    });
    await Promise.race([this.#outbox.idle(), tooLate]);
    clearTimeout(timer);
  }
}

function metadataFrame(text: string): string {
  return `{"type":"set_metadata","metadata":${text}}`;
}

/** A frame that this SDK sends of its own accord: nobody waits for it. */
function quiet(text: string): Outgoing {
  return { text, handed: () => {}, receipted: () => {}, failed: () => {} };
}
