/**
 * What this person says, on its way out: one text after the other, over as many connections as that
 * takes.
 */
import { AmsError, type Connection } from "@ams/client";

export type Line = Pick<Connection, "send" | "endTurn">;

/** What became of a text. `unsent` is its rest that never went out. */
export type Sent =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: unknown; readonly unsent: string };

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

export class Outgoing {
  #line: Line | null = null;
  /** Why nothing goes out any more; null while a connection stands or may come. */
  #ended: unknown = new AmsError("closed", "There is no connection at the moment.");
  /** Takes back what waits for the connection that stands. */
  #letGo = new AbortController();
  /** Who waits for a connection: one at most, as texts go out one after the other. */
  #waiter: Waiter | null = null;
  /** Resolves when everything that was given so far is out, or can't be. */
  #all: Promise<unknown> = Promise.resolve();

  /** A connection stands: what waits goes out on it. */
  open(line: Line): void {
    this.#ended = null;
    this.#line = line;
    this.#waiter?.resolve();
    this.#waiter = null;
  }

  /**
   * The connection is given up, and another one may come: what it has not sent is kept for that.
   */
  pause(): void {
    this.#line = null;
    this.#letGo.abort();
    this.#letGo = new AbortController();
  }

  /** No other connection comes by itself: what waits is given back to who wrote it. */
  end(error: unknown): void {
    this.#ended = error;
    this.pause();
    this.#waiter?.reject(error);
    this.#waiter = null;
  }

  /** Ends when the connection of this moment is given up. */
  get signal(): AbortSignal {
    return this.#letGo.signal;
  }

  /**
   * Sends the tokens of one text and ends the turn; no other text comes between them. `said` hears
   * of each that went out.
   */
  send(tokens: readonly string[], said: (token: string) => void): Promise<Sent> {
    const sent = this.#all.then(() => this.#sendAll(tokens, said));
    this.#all = sent;
    return sent;
  }

  async #sendAll(tokens: readonly string[], said: (token: string) => void): Promise<Sent> {
    let count = 0;
    try {
      for (const token of tokens) {
        await this.#put((line, signal) => line.send(token, { signal }));
        count += 1;
        said(token);
      }
      await this.#put((line, signal) => line.endTurn({ signal }));
      return { ok: true };
    } catch (error) {
      // A text that is out has arrived as a text, though nobody was told where it ends.
      const unsent = tokens.slice(count).join("");
      return unsent === "" ? { ok: true } : { ok: false, error, unsent };
    }
  }

  /**
   * Without receipts, a frame that is taken back never goes out (see `Connection.send`): it may go
   * out on the next.
   */
  async #put(give: (line: Line, signal: AbortSignal) => Promise<unknown>): Promise<void> {
    for (;;) {
      await this.#standing();
      const line = this.#line;
      const { signal } = this.#letGo;
      if (line === null) continue; // Given up again, before its turn came.
      try {
        await give(line, signal);
        return;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Resolves when a connection stands. */
  #standing(): Promise<void> {
    if (this.#line !== null) return Promise.resolve();
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }
}
