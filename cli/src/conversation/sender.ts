/**
 * Sends texts as tokens and knows at every moment how many the broker has taken: what was accepted
 * is reported, also when the connection ends in the middle.
 */
import { AmsError, type Connection, type Receipt, splitText } from "@ams/client";
import { failureOf } from "../faults/fail.ts";
import { CliError } from "../faults/fault.ts";

/**
 * Tokens, and characters of them, that may wait for their receipts: some round trips' worth, far
 * below the SDK's own limits.
 */
const IN_FLIGHT_MAX = 1_024;
const IN_FLIGHT_CHARACTERS_MAX = 524_288;

export type Sent = {
  /** Tokens that the broker gave a receipt for. */
  readonly accepted: number;
  /** Tokens that went out, and for which no receipt came. */
  readonly inDoubt: number;
  /** The last receipt; null before the first. */
  readonly last: Receipt | null;
};

/** A connection that joined with receipts, and what became of the tokens that went into it. */
export class Sender {
  readonly #connection: Connection;
  readonly #flights = new Set<Promise<void>>();
  #characters = 0;
  #accepted = 0;
  #inDoubt = 0;
  #last: Receipt | null = null;
  #error: unknown = null;
  readonly #failed = new AbortController();

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.closed.then((error) => {
      if (error !== null) this.#fail(error);
    });
  }

  /**
   * Fires at the first token that could not be sent, or when the connection ends: nothing more will
   * go out.
   */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  get sent(): Sent {
    return { accepted: this.#accepted, inDoubt: this.#inDoubt, last: this.#last };
  }

  /**
   * Sends a text, cut where it is longer than a token. Resolves when there is space for more; false
   * when all is over.
   */
  async send(text: string): Promise<boolean> {
    for (const token of splitText(text)) {
      if (this.#error !== null) return false;
      this.#launch(token);
      while (this.#isFull && this.#error === null) await Promise.race(this.#flights);
    }
    return this.#error === null;
  }

  /** Waits for all receipts. Throws why it failed, if it did, with what was accepted. */
  async finish(): Promise<Sent> {
    while (this.#flights.size > 0) await Promise.race(this.#flights);
    if (this.#error === null) return this.sent;
    throw withSent(this.#error, this.sent);
  }

  get #isFull(): boolean {
    return this.#flights.size >= IN_FLIGHT_MAX || this.#characters >= IN_FLIGHT_CHARACTERS_MAX;
  }

  #launch(token: string): void {
    this.#characters += token.length;
    const flight = this.#connection
      .send(token)
      .then(
        (receipt) => {
          this.#accepted += 1;
          this.#last = receipt;
        },
        (error: unknown) => {
          if (isInDoubt(error)) this.#inDoubt += 1;
          this.#fail(error);
        },
      )
      .finally(() => {
        this.#characters -= token.length;
        this.#flights.delete(flight);
      });
    this.#flights.add(flight);
  }

  #fail(error: unknown): void {
    // Why the connection ended says more than that a receipt is missing.
    if (this.#error === null || isInDoubt(this.#error)) this.#error = error;
    this.#failed.abort();
  }
}

/**
 * Sends every text of a source. Throws why it stopped, with what was accepted: of stdin's faults,
 * too.
 */
export async function sendAll(sender: Sender, texts: AsyncIterable<string>): Promise<Sent> {
  try {
    for await (const text of texts) if (!(await sender.send(text))) break;
  } catch (error) {
    throw withSent(error, await sender.finish());
  }
  return await sender.finish();
}

/** The same failure, with what had been accepted before it. */
function withSent(error: unknown, { accepted, inDoubt, last }: Sent): CliError {
  const { code, sentence, details } = failureOf(error);
  const doubt = inDoubt === 0 ? "" : `, and ${inDoubt} more may or may not have been`;
  return new CliError(
    code,
    `${sentence.replace(/\.$/, "")}; ${count(accepted)} accepted before${doubt}.`,
    { ...details, accepted, in_doubt: inDoubt, last_seq: last?.seq ?? null },
    error,
  );
}

function count(tokens: number): string {
  return tokens === 1 ? "1 token was" : `${tokens} tokens were`;
}

function isInDoubt(error: unknown): boolean {
  return error instanceof AmsError && error.code === "delivery_unknown";
}
