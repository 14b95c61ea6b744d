/**
 * What is on its way out: frames that wait for the socket, and frames that wait for their receipt.
 * Both are capped.
 */
import { utf8Bytes } from "@ams/protocol";
import type { Socket } from "../connection/socket.ts";
import { AmsError } from "../errors.ts";
import type { Receipt } from "../listening/frames.ts";
import { Pace } from "./pace.ts";

/**
 * Bytes that may wait unless the caller says otherwise: some seconds of any model, and a dozen of
 * the largest tokens.
 */
export const SEND_BUFFER_BYTES = 4_194_304;

/**
 * Bytes that the socket itself may hold: little, as what it holds is in doubt when the connection
 * breaks.
 */
const SOCKET_BYTES_MAX = 262_144;

/** Frames that may wait for their receipts: those of a second at full speed. */
const RECEIPTS_MAX = 16_384;

/**
 * Milliseconds between looks at a socket that is full: WebSockets don't report when they have
 * drained.
 */
const LOOK_MS = 5;

export type Outgoing = {
  readonly text: string;
  /** The socket has taken it. */
  readonly handed: () => void;
  /** The broker has taken it; never called unless receipts were asked for. */
  readonly receipted: (receipt: Receipt) => void;
  /** It was not sent, or, with `delivery_unknown`, may have been. */
  readonly failed: (error: AmsError) => void;
};

/** A connection on which frames go out: its `seq`s are `<epoch>-<n>`, one n for each frame. */
type Numbering = {
  readonly epoch: number;
  /** The n of the first frame; null until the first receipt of a stream that was taken over. */
  first: number | null;
  count: number;
};

/** A frame that went out as so manieth of its connection, and waits for its receipt. */
type Handed = { readonly frame: Outgoing; readonly on: Numbering; readonly index: number };

type Waiting = { readonly frame: Outgoing; readonly bytes: number };

export class Outbox {
  readonly #bytesMax: number;
  readonly #receipts: boolean;
  readonly #pace = new Pace();
  #socket: Socket | null = null;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #handed: Handed[] = []; // In order, each until its receipt.
  #numbering: Numbering = { epoch: 0, first: null, count: 0 };
  #look: ReturnType<typeof setTimeout> | null = null;
  #ended: AmsError | null = null;
  #onChange: (() => void)[] = [];

  /** With `receipts` every frame waits for its receipt when it has gone out. */
  constructor(bytesMax: number, receipts: boolean) {
    this.#bytesMax = bytesMax;
    this.#receipts = receipts;
  }

  /**
   * Takes a frame, or fails it with `backpressure` when it doesn't fit. A frame that meets an empty
   * buffer always fits.
   */
  offer(frame: Outgoing): void {
    const bytes = utf8Bytes(frame.text);
    if (this.#ended !== null) frame.failed(this.#ended);
    else if (!this.mayTake(bytes)) frame.failed(full());
    else {
      this.#waiting.push({ frame, bytes });
      this.#bytes += bytes;
      this.#pump();
    }
  }

  /** Takes a frame before all that wait: what the broker must know first after a reconnect. */
  offerFirst(frame: Outgoing): void {
    const bytes = utf8Bytes(frame.text);
    this.#waiting.unshift({ frame, bytes });
    this.#bytes += bytes;
  }

  mayTake(bytes: number): boolean {
    const fits = this.#waiting.length === 0 || this.#bytes + bytes <= this.#bytesMax;
    return fits && this.#handed.length < RECEIPTS_MAX;
  }

  /** True when nothing waits for the socket or for a receipt. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#handed.length === 0;
  }

  /** Resolves when it is idle. */
  async idle(): Promise<void> {
    while (!this.isIdle) await this.changed();
  }

  /** Resolves when something has left the buffer, or nothing ever will. */
  changed(): Promise<void> {
    return this.#ended === null
      ? new Promise((resolve) => this.#onChange.push(resolve))
      : Promise.resolve();
  }

  /** Takes a frame back that has not gone out yet; false when it has. */
  withdraw(frame: Outgoing): boolean {
    const index = this.#waiting.findIndex((waiting) => waiting.frame === frame);
    const [taken] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (taken !== undefined) this.#bytes -= taken.bytes;
    return taken !== undefined;
  }

  /**
   * A connection is established: what waits goes out on it. `joined` says of which epoch its frames
   * are; absent where it is the same connection as before.
   */
  attach(socket: Socket, joined?: { readonly epoch: number; readonly resumed: boolean }): void {
    this.#socket = socket;
    if (joined !== undefined) {
      const { epoch, resumed } = joined;
      // A takeover may have emitted metadata of its own.
      this.#numbering = { epoch, first: resumed ? null : 1, count: 0 };
    }
    this.#pump();
  }

  /** Nothing goes out until `attach`; receipts still come in. */
  pause(): void {
    this.#socket = null;
    this.#stopLooking();
  }

  /**
   * The connection is gone. What waits stays; what waits for a receipt is in doubt, and its senders
   * are reported.
   */
  detach(): void {
    this.pause();
    const error = inDoubt("The connection broke before the receipt");
    for (const { frame } of this.#handed.splice(0)) frame.failed(error);
    this.#notifyChange();
  }

  /** A frame before that of the receipt has none: the broker may not have kept it (§7.7). */
  receipt(receipt: Receipt): void {
    const [epoch = 0, n = 0] = receipt.seq.split("-").map(Number);
    const doubted: Outgoing[] = [];
    for (let one = this.#handed[0]; one !== undefined; one = this.#handed[0]) {
      const { on, index, frame } = one;
      if (on.epoch > epoch) break;
      if (on.epoch === epoch) on.first ??= n - index;
      const own = (on.first ?? 1) + index;
      if (on.epoch === epoch && own > n) break;
      this.#handed.shift();
      if (on.epoch === epoch && own === n) {
        frame.receipted(receipt);
        break;
      }
      doubted.push(frame);
    }
    for (const frame of doubted)
      frame.failed(inDoubt("A later frame has a receipt, this one none"));
    this.#notifyChange();
  }

  /** Nothing goes out any more. */
  end(error: AmsError): void {
    this.#ended = error;
    this.detach();
    for (const { frame } of this.#waiting.splice(0)) frame.failed(error);
    this.#bytes = 0;
    this.#notifyChange();
  }

  #pump(): void {
    const socket = this.#socket;
    if (socket === null || !socket.isOpen || this.#look !== null) return;
    let count = 0;
    for (const { frame, bytes } of this.#waiting) {
      const waitMs = socket.bufferedBytes > SOCKET_BYTES_MAX ? LOOK_MS : this.#pace.waitMs();
      if (waitMs > 0) {
        this.#lookIn(waitMs);
        break;
      }
      const on = this.#numbering;
      if (this.#receipts) this.#handed.push({ frame, on, index: on.count });
      on.count += 1;
      socket.send(frame.text);
      this.#pace.spend(bytes);
      this.#bytes -= bytes;
      count += 1;
      frame.handed();
    }
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#notifyChange();
  }

  #lookIn(waitMs: number): void {
    this.#look = setTimeout(() => {
      this.#look = null;
      this.#pump();
    }, waitMs);
  }

  #stopLooking(): void {
    if (this.#look !== null) clearTimeout(this.#look);
    this.#look = null;
  }

  #notifyChange(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}

function inDoubt(why: string): AmsError {
  return new AmsError("delivery_unknown", `${why}: the frame may or may not have been taken.`);
}

function full(): AmsError {
  return new AmsError("backpressure", "The send buffer is full: nothing of this was sent.");
}
