/**
 * Slow readers (§5.7). The library drops frames for a socket whose backlog is over the limit, and
 * says so while it is in the middle of publishing, when nothing may be closed. So the socket is
 * only noted then; its stream leaves right behind; and it is closed 4290 once it has read its
 * backlog, or cut when it reads nothing for a while.
 */
import type { CloseReason } from "@ams/protocol";
import type { GatewayMetrics } from "../metrics.ts";

/** Milliseconds without a byte read after which a slow reader is cut. */
const STALLED_MS = 10_000;

/** What is needed of a socket to bring it to its end. */
export type SlowSocket = {
  /** Unsent bytes. */
  buffered(): number;
  /** Off every topic, and gone for its owner. */
  giveUp(): void;
  end(reason: CloseReason): void;
  /** Cuts the connection. */
  cut(): void;
};

type Condemned = { timer: NodeJS.Timeout | null; readonly reason: CloseReason };

export class Backpressure {
  readonly #limitBytes: number;
  readonly #metrics: GatewayMetrics;
  readonly #condemned = new Map<SlowSocket, Condemned>();
  #noted: SlowSocket[] = [];

  constructor(limitBytes: number, metrics: GatewayMetrics) {
    this.#limitBytes = limitBytes;
    this.#metrics = metrics;
  }

  /**
   * A frame was dropped, or a close for this reason has to wait. Safe to call in the middle of a
   * publish.
   */
  dropped(socket: SlowSocket, reason: CloseReason = "subscriber_backpressure"): void {
    if (this.#condemned.has(socket)) return;
    this.#condemned.set(socket, { timer: null, reason });
    this.#metrics.backpressured(1);
    if (this.#noted.push(socket) === 1) setImmediate(() => this.#condemnNoted());
  }

  /** The socket has read something. */
  drained(socket: SlowSocket): void {
    const condemned = this.#condemned.get(socket);
    if (condemned === undefined || condemned.timer === null) return;
    if (socket.buffered() < this.#limitBytes) socket.end(condemned.reason);
    else condemned.timer.refresh();
  }

  /** The socket is no more. */
  closed(socket: SlowSocket): void {
    const condemned = this.#condemned.get(socket);
    if (condemned === undefined) return;
    if (condemned.timer !== null) clearTimeout(condemned.timer);
    this.#condemned.delete(socket);
    this.#metrics.backpressured(-1);
  }

  #condemnNoted(): void {
    const noted = this.#noted;
    this.#noted = [];
    for (const socket of noted) {
      const condemned = this.#condemned.get(socket);
      if (condemned === undefined) continue; // It was closed between being noted and now.
      condemned.timer = setTimeout(() => {
        this.#metrics.closed(condemned.reason);
        socket.cut();
      }, STALLED_MS);
      socket.giveUp();
      if (socket.buffered() < this.#limitBytes) socket.end(condemned.reason);
    }
  }
}
