/**
 * Joins that are under way in one conversation. A join is complete when this gateway hears its own
 * claim on the channel and, if the stream was held elsewhere, the old holder has sent its last
 * frame (§3.5).
 */
import type { ConnectionId } from "@ams/directory";
import type { CloseReason } from "@ams/protocol";
import type { LiveStream } from "../conversation/live-stream.ts";

/**
 * Milliseconds that a takeover waits for the old holder's `yielded`: a gateway that needs longer is
 * as good as dead.
 */
export const YIELD_WAIT_MS = 1_000;

/** What a claim turned out to be when its event came round. */
export type Heard = {
  readonly stream: LiveStream;
  /** The stream was live under another connection. */
  readonly resumed: boolean;
};

/** A join that waits: exactly one of the two is called, once. */
export type Arrival = {
  readonly link: number;
  readonly accept: (heard: Heard) => void;
  readonly refuse: (reason: CloseReason) => void;
};

type Yielding = {
  readonly connection: ConnectionId;
  readonly heard: Heard;
  readonly timer: NodeJS.Timeout;
};

export class Arrivals {
  readonly #expected = new Map<ConnectionId, Arrival>();
  /** By the epoch whose holder is to yield. */
  readonly #yielding = new Map<number, Yielding>();

  expect(connection: ConnectionId, arrival: Arrival): void {
    this.#expected.set(connection, arrival);
  }

  has(connection: ConnectionId): boolean {
    return this.#expected.has(connection);
  }

  /** The claim was heard and nothing more is to wait for. */
  accept(connection: ConnectionId, heard: Heard): void {
    this.#take(connection)?.accept(heard);
  }

  /** The claim was heard, but the holder of `epoch` has still to yield. */
  acceptAfterYield(connection: ConnectionId, epoch: number, heard: Heard): void {
    const timer = setTimeout(() => this.yielded(epoch), YIELD_WAIT_MS);
    this.#yielding.set(epoch, { connection, heard, timer });
  }

  /** The holder of this epoch has yielded, or had its time. */
  yielded(epoch: number): void {
    const yielding = this.#yielding.get(epoch);
    if (yielding === undefined) return;
    clearTimeout(yielding.timer);
    this.#yielding.delete(epoch);
    this.accept(yielding.connection, yielding.heard);
  }

  refuse(connection: ConnectionId, reason: CloseReason): void {
    this.#take(connection)?.refuse(reason);
  }

  /** The claim was not granted: nothing will be heard of it. */
  forget(connection: ConnectionId): void {
    this.#expected.delete(connection);
  }

  /** Refuses every join that this holds for. */
  refuseWhere(matches: (arrival: Arrival) => boolean, reason: CloseReason): void {
    for (const [connection, arrival] of [...this.#expected]) {
      if (matches(arrival)) this.refuse(connection, reason);
    }
  }

  #take(connection: ConnectionId): Arrival | undefined {
    const arrival = this.#expected.get(connection);
    this.#expected.delete(connection);
    return arrival;
  }
}
