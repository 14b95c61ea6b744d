/**
 * A seat's events as notifications, no faster than the client's connection takes them. What it doesn't take waits in the seat's
 * buffer; what overflows there is told by `truncated` at its place. The wire never waits for an MCP client.
 */
import type { Listener, Listening, ListenOptions, PushEvent, Session } from "@ams/wrapper";

/** Bytes on their way to a client before the next event waits: a few of the largest, many of the usual. */
const UNTAKEN_BYTES_MAX = 131_072;

/** Bytes of a notification beside its token, as few as any has: what is taken must make up for all that was counted. */
const NOTICE_BYTES_MIN = 128;

export type PushTarget = {
  /** Hands one event over; whoever takes the bytes calls `taken`. False when it is none of the client's, and nothing goes out. */
  readonly push: (event: PushEvent) => boolean;
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

  event(event: PushEvent): boolean {
    if (this.#stopped) return false;
    if (this.#target.push(event)) this.#untakenBytes += bytesOf(event);
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

/** At most as many bytes as its notification has. */
function bytesOf(event: PushEvent): number {
  return NOTICE_BYTES_MIN + (event.kind === "token" ? event.data.length : 0);
}
