/**
 * What this person sends, on its way out: one text after the other, each until its receipt, over
 * as many connections as that takes.
 */
import { AmsError, type Connection } from "@ams/client";

/** What is used of a connection that was joined with receipts. */
export type Sender = Pick<Connection, "send" | "endTurn" | "peers">;

/** What became of a text. `rest` is what is not known to have arrived. */
export type Sent =
  /** The broker has all of it; `hadReaders` is false when nobody else was in the conversation. */
  | { readonly kind: "arrived"; readonly hadReaders: boolean }
  /** The connection broke before a receipt. */
  | { readonly kind: "unknown"; readonly rest: string }
  | { readonly kind: "failed"; readonly error: unknown; readonly rest: string };

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

/** Why a frame that went out has no receipt. */
class Unconfirmed {}

export class Outgoing {
  #sender: Sender | null = null;
  /** Why nothing goes out any more; null while a connection exists or may come. */
  #ended: unknown = new AmsError("closed", "There is no connection at the moment.");
  /** Takes back what waits for the present connection. */
  #letGo = new AbortController();
  /** Who waits for a connection: one at most, as texts go out one after the other. */
  #waiter: Waiter | null = null;
  /** Resolves when everything that was given so far is out, or can't be. */
  #all: Promise<unknown> = Promise.resolve();
  /** True when the token that was given last has gone out. */
  #isOut = false;
  /** The peers that were there when it went out. */
  #readers = 0;
  /** True when the end of a turn may not have arrived: it is sent again before the next text. */
  #owesEnd = false;

  /** There is a connection: what waits goes out on it. */
  open(sender: Sender): void {
    this.#ended = null;
    this.#sender = sender;
    this.#waiter?.resolve();
    this.#waiter = null;
  }

  /** The connection is given up, and another may come: what it has not sent is kept for that. */
  pause(): void {
    this.#sender = null;
    this.#letGo.abort();
    this.#letGo = new AbortController();
  }

  /** No other connection comes by itself: what waits fails. */
  end(error: unknown): void {
    this.#ended = error;
    this.pause();
    this.#waiter?.reject(error);
    this.#waiter = null;
  }

  /** The socket has taken a token of ours: who is there now is who may read it. */
  wentOut(): void {
    this.#isOut = true;
    this.#readers = this.#sender?.peers.size ?? 0;
  }

  /** Ends when the connection of this moment is given up. */
  get signal(): AbortSignal {
    return this.#letGo.signal;
  }

  /**
   * Sends the tokens of one text and ends the turn; no other text comes between them. Resolves when
   * the text has arrived, or is not known to.
   */
  send(tokens: readonly string[]): Promise<Sent> {
    const sent = this.#all.then(() => this.#sendText(tokens));
    this.#all = sent.then(async ({ kind }) => {
      if (kind === "arrived") await this.#endTurn().catch(() => undefined);
    });
    return sent;
  }

  async #sendText(tokens: readonly string[]): Promise<Sent> {
    let count = 0;
    let hadReaders = false;
    try {
      if (this.#owesEnd) await this.#endTurn();
      for (const token of tokens) {
        const readers = await this.#put((sender, signal) => sender.send(token, { signal }));
        hadReaders ||= readers > 0;
        count += 1;
      }
      return { kind: "arrived", hadReaders };
    } catch (error) {
      const isUnknown = error instanceof Unconfirmed;
      this.#owesEnd ||= count > 0 || isUnknown;
      const rest = tokens.slice(count).join("");
      return isUnknown ? { kind: "unknown", rest } : { kind: "failed", error, rest };
    }
  }

  async #endTurn(): Promise<void> {
    this.#owesEnd = true;
    await this.#put((sender, signal) => sender.endTurn({ signal }));
    this.#owesEnd = false;
  }

  /**
   * Gives a token to the present connection, or to the next as long as it has not gone out.
   * Resolves with the number of peers that were there when it went out or when its receipt came.
   */
  async #put(give: (sender: Sender, signal: AbortSignal) => Promise<unknown>): Promise<number> {
    for (;;) {
      await this.#connected();
      const sender = this.#sender;
      const { signal } = this.#letGo;
      if (sender === null) continue; // Given up again, before its turn came.
      this.#isOut = false;
      this.#readers = 0;
      try {
        await give(sender, signal);
        return Math.max(this.#readers, sender.peers.size);
      } catch (error) {
        if (isUnconfirmed(error) || (signal.aborted && this.#isOut)) throw new Unconfirmed();
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Resolves when there is a connection. */
  #connected(): Promise<void> {
    if (this.#sender !== null) return Promise.resolve();
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }
}

function isUnconfirmed(error: unknown): boolean {
  return error instanceof AmsError && error.code === "delivery_unknown";
}
