/** A socket of the server library in terms of `sockets.ts`, from its upgrade to its close. */
import { CLOSE, type CloseReason } from "@ams/protocol";
import { HeldFrames, type HeldSockets, type Holding } from "../conversation/held-frames.ts";
import type { Backpressure, SlowSocket } from "../lifecycle/backpressure.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { EarlyFrames } from "./early.ts";
import type { PendingConnect, Socket, SocketOwner } from "./sockets.ts";
import type { UwsWebSocket } from "./uws.ts";

/** What all sockets of a gateway share. */
export type OpenSocketDeps = {
  readonly metrics: GatewayMetrics;
  readonly backpressure: Backpressure;
  readonly held: HeldSockets;
  /** Unsent bytes past which the library drops frames for a socket. */
  readonly limitBytes: number;
};

/**
 * At first it is a connect that waits for its answer, in no roster and on no topic; what its client
 * sends meanwhile waits too. Once it is closed it answers nothing and does nothing.
 */
export class OpenSocket<Data> implements PendingConnect, Socket, SlowSocket, Holding {
  #ws: UwsWebSocket<Data> | null;
  #owner: SocketOwner | null = null;
  /** Null once it is accepted: most sockets are, and live long. */
  #early: EarlyFrames | null;
  /** Its first frame, `joined`, was sent. */
  #hasJoined = false;
  /** Null unless its `joined` is still on its way. */
  #held: HeldFrames | null = null;
  readonly #deps: OpenSocketDeps;

  constructor(ws: UwsWebSocket<Data>, early: EarlyFrames, deps: OpenSocketDeps) {
    this.#ws = ws;
    this.#early = early;
    this.#deps = deps;
  }

  get gone(): boolean {
    return this.#ws === null;
  }

  accept(owner: SocketOwner): boolean {
    if (this.#ws === null) return false;
    const early = this.#early?.release() ?? [];
    this.#early = null;
    this.#owner = owner;
    this.#ws.cork(() => {
      owner.opened(this);
      for (const { frame, isBinary } of early) owner.received(frame, isBinary);
    });
    this.#release();
    return true;
  }

  refuse(reason: CloseReason): void {
    this.#ws?.end(CLOSE[reason].code, reason);
  }

  received(frame: ArrayBuffer, isBinary: boolean): void {
    if (this.#owner !== null) {
      if (this.#held !== null) this.#release();
      this.#owner.received(frame, isBinary);
      return;
    }
    if (this.#early?.keep(frame, isBinary) === false) this.refuse("rate_limited");
  }

  send(frame: string): void {
    if (this.#ws === null) return;
    this.#deps.metrics.sent(frame.length, 1);
    if (this.#held !== null) {
      this.#keep(this.#held, frame);
      return;
    }
    this.#ws.send(frame, false);
    if (this.#hasJoined) return;
    this.#hasJoined = true;
    // More than the kernel takes at once.
    if (this.buffered() > 0) this.#beginHolding();
  }

  sendAll(frames: readonly (Uint8Array | string)[]): void {
    const ws = this.#ws;
    if (ws === null) return;
    ws.cork(() => {
      for (const frame of frames) {
        this.#deps.metrics.sent(frame.length, 1);
        if (this.#held === null) ws.send(frame, false);
        else this.#keep(this.#held, frame);
      }
    });
  }

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    if (this.#ws === null) return;
    this.#ws.publish(topic, frame, false);
    this.#deps.held.published(topic, frame, this);
    this.#deps.metrics.sent(frame.length, count);
  }

  subscribe(topic: string): void {
    if (this.#held === null) this.#ws?.subscribe(topic);
    else this.#held.topics.add(topic);
  }

  hold(topic: string, frame: Uint8Array | string): void {
    const held = this.#held;
    if (held?.topics.has(topic)) this.#keep(held, frame);
  }

  /**
   * A close is dropped as a frame is while too much is unsent: it then waits until the backlog has
   * been read.
   */
  end(reason: CloseReason): void {
    if (this.buffered() < this.#deps.limitBytes) {
      for (const frame of this.#held?.take() ?? []) this.#ws?.send(frame, false);
      this.#deps.metrics.closed(reason);
      this.#ws?.end(CLOSE[reason].code, reason);
      return;
    }
    this.#leaveTopics();
    this.#deps.backpressure.dropped(this, reason);
  }

  buffered(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  /** It has read something. */
  drained(): void {
    this.#release();
    this.#deps.backpressure.drained(this);
    this.#owner?.drained?.();
  }

  giveUp(): void {
    this.#leaveTopics();
    this.#owner?.gone();
  }

  cut(): void {
    this.#ws?.close();
  }

  /** The library calls nothing of this socket afterwards. */
  closed(): void {
    this.#ws = null;
    this.#endHolding();
    this.#deps.backpressure.closed(this);
    this.#early?.release();
    this.#owner?.gone();
  }

  #leaveTopics(): void {
    this.#endHolding();
    for (const topic of this.#ws?.getTopics() ?? []) this.#ws?.unsubscribe(topic);
  }

  #beginHolding(): void {
    this.#held = new HeldFrames(this.#deps.limitBytes);
    this.#deps.held.add(this);
  }

  #endHolding(): void {
    this.#held = null;
    this.#deps.held.delete(this);
  }

  #keep(held: HeldFrames, frame: Uint8Array | string): void {
    if (held.keep(frame)) return;
    this.#endHolding();
    this.#deps.backpressure.dropped(this, "subscriber_backpressure");
  }

  /**
   * Once all that was sent has left, what was held follows; once that has left too, the socket is
   * on its topics.
   */
  #release(): void {
    const [ws, held] = [this.#ws, this.#held];
    if (ws === null || held === null || this.buffered() > 0) return;
    const frames = held.take();
    ws.cork(() => {
      for (const frame of frames) ws.send(frame, false);
    });
    if (this.buffered() > 0) return;
    this.#endHolding();
    for (const topic of held.topics) ws.subscribe(topic);
  }
}
