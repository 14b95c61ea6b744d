/**
 * A subscription's events as notifications, no faster than the client's connection takes them. What
 * it doesn't take waits in the subscription's buffer; what overflows there is reported by
 * `truncated`, at its position.
 */
import type { Listener, Listening, ListenOptions, PushEvent, Session } from "@ams/edge";
import type { Heard } from "./updates.ts";

/**
 * Bytes on their way to a client before the next event waits: a few of the largest, many of the
 * usual.
 */
const UNTAKEN_BYTES_MAX = 131_072;

export type PushTarget = {
  /**
   * Hands one event over, and answers with the bytes that go out for it: never more than will be
   * `taken`, or the push would never end. 0 when it is none of the client's, and nothing goes
   * out.
   */
  readonly push: (event: PushEvent, subscription: Heard) => number;
  /** The last word: nothing more comes. */
  readonly ended: () => void;
};

export class Push implements Listener {
  readonly #target: PushTarget;
  #listening: Listening | null = null;
  #stopped = false;
  #untakenBytes = 0;
  #waiting = false;

  constructor(target: PushTarget) {
    this.#target = target;
  }

  /** Begins; false when the session won't have it. */
  start(session: Session, options: ListenOptions): boolean {
    const begun = session.listen(this, options);
    if (!begun.ok) return false;
    if (this.#stopped) begun.listening.stop();
    else this.#listening = begun.listening;
    return true;
  }

  /** So many bytes went out on the same connection beside the events. */
  sent(bytes: number): void {
    this.#untakenBytes += bytes;
  }

  /** The client's connection took so many bytes. */
  taken(bytes: number): void {
    this.#untakenBytes = Math.max(0, this.#untakenBytes - bytes);
    if (!this.#waiting || this.#untakenBytes > UNTAKEN_BYTES_MAX / 2) return;
    this.#waiting = false;
    this.#listening?.resume();
  }

  stop(): void {
    this.#stopped = true;
    this.#listening?.stop();
    this.#listening = null;
  }

  event(event: PushEvent, subscription: Heard): boolean {
    if (this.#stopped) return false;
    this.sent(this.#target.push(event, subscription));
    this.#waiting = this.#untakenBytes > UNTAKEN_BYTES_MAX;
    return !this.#waiting;
  }

  ended(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#listening = null;
    this.#target.ended();
  }
}
