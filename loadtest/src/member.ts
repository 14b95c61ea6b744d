/** One connection of a load run: it listens, and if it is an emitter it emits. */
import { AmsError, type Connection, join } from "@ams/client";
import { writePayload } from "./verify/payload.ts";
import { type Sent, Verifier, type VerifierOptions } from "./verify/verifier.ts";

/**
 * Bytes that may wait in one connection: past it the emitter waits too, and its tokens fall behind
 * their time.
 */
const WAITING_BYTES_MAX = 1_048_576;

/** Milliseconds within which a broker that is there answers a ping. */
const ANSWER_MS_MAX = 15_000;

/** The id of no stream: who selects only this hears no token. */
const NOBODY = `str_${"0".repeat(26)}`;

export type MemberOptions = VerifierOptions & {
  readonly link: string;
  readonly credential: string | null;
  readonly streamName: string;
};

/** How a connection ended before its time. */
export type Ending = { readonly code: number | null; readonly reason: string };

export class Member {
  readonly verifier: Verifier;
  readonly listens: boolean;
  readonly #options: MemberOptions;
  #connection: Connection | null = null;
  #waiting = 0; // Tokens that the socket has not taken yet.
  #sent = 0; // Tokens that it has, in this epoch.
  #moves = 0;
  #leaving = false;
  ending: Ending | null = null;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.listens = options.listens;
    this.verifier = new Verifier(options);
  }

  /** Rejects with the `AmsError` that refused it. */
  async join(): Promise<void> {
    const { link, credential, streamName, listens } = this.#options;
    const identity = credential === null ? ({ guest: true } as const) : { credential };
    const connection = await join(link, {
      ...identity,
      streamName,
      ...(listens ? {} : { subscribeStreams: [NOBODY] }),
      reconnectForMs: 0, // A connection that breaks is counted, and not repaired.
      onFrame: (direction, text) => {
        if (direction === "in") this.verifier.receive(text);
      },
    });
    this.#connection = connection;
    connection.on("joined", () => {
      this.#moves += 1;
      this.#options.tally.moved += 1;
    });
    connection.closed.then((error) => this.#onClosed(error));
  }

  get isOpen(): boolean {
    return this.ending === null;
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
    const { own } = this.verifier;
    const isKnown = own !== null && this.isOpen && this.#moves === 0;
    return isKnown ? { streamId: own.streamId, last: { epoch: own.epoch, n: this.#sent } } : null;
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

  /**
   * Resolves when the broker has answered a ping, or `signal` fires. A broker that doesn't answer
   * in time is taken for gone.
   */
  async confirm(signal: AbortSignal): Promise<void> {
    try {
      const late = AbortSignal.timeout(ANSWER_MS_MAX);
      await this.#connection?.ping({ signal: AbortSignal.any([late, signal]) });
    } catch {
      if (!signal.aborted) this.ending ??= { code: null, reason: "no_answer" };
    }
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#connection?.close();
  }

  #onClosed(error: AmsError | null): void {
    if (this.#leaving) return;
    // When a connection broke without a close frame, the cause has the code.
    const { closeCode = null } = error?.cause instanceof AmsError ? error.cause : (error ?? {});
    this.ending = { code: error?.closeCode ?? closeCode, reason: error?.code ?? "closed" };
  }
}

/** What refused a join, as an AmsError. */
export function refusalOf(error: unknown): AmsError {
  if (error instanceof AmsError) return error;
  return new AmsError("unexpected_answer", "Joining failed.", { cause: error });
}
