/** Pings under way. The broker answers in order (§4.3), so the oldest ping owns the next pong. */
import { AmsError } from "../errors.ts";

/** Pings that may be under way at once: nobody needs more, and each is kept until its pong. */
const PINGS_MAX = 64;

type Ping = {
  readonly sentAt: number;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: AmsError) => void;
};

export class Pings {
  #waiting: Ping[] = [];

  /**
   * Sends one. Resolves with the milliseconds until its pong, by a clock that no time change
   * touches.
   */
  ping(send: () => void): Promise<number> {
    if (this.#waiting.length >= PINGS_MAX) {
      return Promise.reject(
        new AmsError("backpressure", `${PINGS_MAX} pings are waiting for their pongs already.`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sentAt: performance.now(), resolve, reject });
      send();
    });
  }

  pong(): void {
    const ping = this.#waiting.shift();
    ping?.resolve(performance.now() - ping.sentAt);
  }

  /** The connection broke: no pong will come. */
  fail(error: AmsError): void {
    for (const ping of this.#waiting.splice(0)) ping.reject(error);
  }
}
