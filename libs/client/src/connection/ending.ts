/** The end of a connection, for those who wait for something else meanwhile. */
import { onAbort, unless } from "../abort.ts";
import { AmsError } from "../errors.ts";

export class Ending {
  #error: AmsError | null = null;
  readonly #calls = new Set<(error: AmsError) => void>();

  /** Why nothing more can be begun; null while it can. */
  get error(): AmsError | null {
    return this.#error;
  }

  /** It is here. Whatever comes later is the same end. */
  come(error: AmsError): void {
    this.#error ??= error;
    // V8 keeps what the stack's frames were called on, which is all of their callers, until the
    // stack is read as text.
    void this.#error.stack;
    for (const call of [...this.#calls]) call(this.#error);
  }

  /**
   * Calls back when the signal fires and at the end, at once when it is here; the returned function
   * stops that.
   */
  onStop(signal: AbortSignal | undefined, call: (error: AmsError) => void): () => void {
    const stopHearing = onAbort(signal, call);
    if (this.#error === null) this.#calls.add(call);
    else call(this.#error);
    return () => {
      stopHearing();
      this.#calls.delete(call);
    };
  }

  /** The promise's value, unless the signal or the end comes first. */
  orStop<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    return unless(promise, (stop) => this.onStop(signal, stop));
  }
}

/** What whoever waits for something gets when this side closes the connection. */
export function closedError(): AmsError {
  return new AmsError("closed", "The connection was closed.");
}
