/** A subscriber on a WebSocket: it listens, and if it is an emitter it emits. */
import { AmsError, type Connection, join } from "@ams/client";
import { joinFrom } from "@ams/client/source-address";
import { writePayload } from "../verify/payload.ts";
import { type Sent, Verifier } from "../verify/verifier.ts";
import type { Ending, Reader, ReaderOptions } from "./reader.ts";

/**
 * Bytes that may wait in one connection: past it the emitter waits too, and its tokens fall behind
 * their time.
 */
const WAITING_BYTES_MAX = 1_048_576;

/** Milliseconds within which a broker that is there answers a ping. */
const ANSWER_MS_MAX = 15_000;

/** The id of no stream: who selects only this hears no token. */
const NOBODY = `str_${"0".repeat(26)}`;

export class Member implements Reader {
  readonly kind = "websocket";
  readonly verifier: Verifier;
  readonly listens: boolean;
  readonly conversation: number;
  readonly #options: ReaderOptions;
  #connection: Connection | null = null;
  #waiting = 0; // Tokens that the socket has not taken yet.
  #sent = 0; // Tokens that it has, in this epoch.
  #moves = 0;
  #leaving = false;
  ending: Ending | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.listens = options.listens;
    this.conversation = options.conversation;
    this.verifier = new Verifier(options);
  }

  async join(): Promise<void> {
    const { link, credential, streamName, listens, source, summary } = this.#options;
    const identity = credential === null ? ({ guest: true } as const) : { credential };
    const joinThere = source === null ? join : joinFrom(source);
    const connection = await joinThere(link, {
      ...identity,
      streamName,
      ...(listens ? {} : { subscribeStreams: [NOBODY] }),
      ...(summary ? { roster: "summary" } : {}),
      reconnectForMs: 0, // A connection that breaks is counted, and not repaired.
      onFrame: (direction, text) => {
        if (direction === "in") this.verifier.receive(text);
      },
    });
    this.#leaving = false;
    this.#connection = connection;
    connection.on("joined", () => {
      this.#moves += 1;
      this.#options.tally.moved += 1;
    });
    connection.closed.then((error) => this.#onClosed(error, connection));
  }

  get isOpen(): boolean {
    return this.ending === null && !this.#leaving;
  }

  /** True when a further token would go out soon. */
  get mayTakeMore(): boolean {
    return this.#waiting * this.#options.payloadBytes < WAITING_BYTES_MAX;
  }

  /** True when every token has been taken by the socket, or never will be. */
  get isIdle(): boolean {
    return this.#waiting === 0 || !this.isOpen;
  }

  /**
   * How far the own stream goes; null when that can't be known, as the connection broke or moved to
   * another gateway.
   */
  get sent(): Sent | null {
    const { conversation } = this;
    const { own } = this.verifier;
    if (own === null || !this.isOpen || this.#moves > 0) return null;
    const { streamId, epoch } = own;
    return { streamId, conversation, last: { epoch, n: this.#sent } };
  }

  emit(index: number, intendedUs: number): void {
    const { payloadBytes, tally } = this.#options;
    this.#waiting += 1;
    this.#connection?.send(writePayload(index, intendedUs, payloadBytes)).then(
      () => {
        this.#waiting -= 1;
        this.#sent += 1;
        tally.emitted += 1;
      },
      () => {
        this.#waiting -= 1; // The connection has ended; `closed` says how.
      },
    );
  }

  /** A broker that doesn't answer a ping in time is taken for gone. */
  async confirm(signal: AbortSignal): Promise<void> {
    try {
      const late = AbortSignal.timeout(ANSWER_MS_MAX);
      await this.#connection?.ping({ signal: AbortSignal.any([late, signal]) });
    } catch {
      if (!signal.aborted) this.ending ??= { code: null, reason: "no_answer" };
    }
  }

  async drop(): Promise<void> {
    await this.leave();
    this.verifier.away();
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#connection?.close();
  }

  #onClosed(error: AmsError | null, connection: Connection): void {
    if (this.#leaving || connection !== this.#connection) return;
    // When a connection broke without a close frame, the cause has the code.
    const { closeCode = null } = error?.cause instanceof AmsError ? error.cause : (error ?? {});
    this.ending = { code: error?.closeCode ?? closeCode, reason: error?.code ?? "closed" };
  }
}
