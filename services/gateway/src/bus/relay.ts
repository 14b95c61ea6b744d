/**
 * What a conversation emits in one turn of the event loop leaves at the end of that turn: to the
 * subscribers here frame by frame, to the other gateways as one batch and one publish, however many
 * streams and frames it holds. A few subscribers here come first; when they are many, the others
 * don't wait for them.
 *
 * The end of the turn is still before the server library writes to its sockets, so that nobody
 * waits for it. In the handler itself the library has the emitter corked and no other socket: a
 * burst of more than 32 frames would then cost every subscriber a system call each.
 */
import { randomBytes } from "node:crypto";
import { type ChannelEvent, encodeEvent, type GatewayEvent } from "@ams/directory";
import { encodeReceipt } from "@ams/protocol";
import type { Socket } from "../accept/sockets.ts";
import type { Audience } from "../conversation/audience.ts";
import type { EmittingSession } from "../conversation/token-frame.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { BATCH_BYTES_MAX, BatchWriter } from "./batch.ts";
import type { Bus, Keep } from "./bus.ts";

/**
 * Bytes of a frame that the library writes at once, whatever else waits: there is nothing to gain
 * by waiting, and a turn may bring so many of them that together they overflow a reader that has
 * done nothing wrong.
 */
const LARGE_BYTES = 16_384;

/**
 * Bytes that may wait for the end of a turn. A thousand streams that all have something to say
 * bring 25 MB; what comes past the limit is published in its handler, and is several times dearer
 * there.
 */
const TURN_BYTES_MAX = 67_108_864;

/**
 * Subscribers here that hear a frame before the bus is given it: writing to them takes about as
 * long as a publish.
 */
const FIRST_SUBSCRIBERS_MAX = 8;

const NOTHING: readonly Parcel[] = [];

/** An emitter that asked to hear when its frame was handed to the bus. */
type Receipt = { readonly socket: Socket; readonly seq: string; readonly ts: string };

/**
 * A frame that the subscribers here are still to hear: a view of the batch. `since` is its time if
 * it is one that is timed, else 0.
 */
export type Emitted = {
  readonly session: EmittingSession;
  readonly frame: Buffer;
  readonly since: number;
};

/** The subscribers here. */
export type Local = Pick<Audience, "deliverFrom" | "size">;

/** A batch that was full before the turn was over, and who waits for a receipt of it. */
type Parcel = { readonly batch: Buffer; readonly receipts: readonly Receipt[] };

/**
 * One conversation's way out: what was emitted in this turn, for those here and for the others, and
 * who waits for a receipt.
 */
export class Outbox {
  readonly channel: string;
  readonly batch: BatchWriter;
  /** How its batches are kept; undefined for a conversation that keeps nothing. */
  readonly keep: Keep | undefined;
  readonly #local: Local;
  readonly #metrics: GatewayMetrics;
  #emitted: Emitted[] = [];
  #parcels: Parcel[] = [];
  #receipts: Receipt[] = [];
  scheduled = false;
  /** Bytes of the frame that was emitted last. */
  lastBytes = 0;

  constructor(
    channel: string,
    origin: Uint8Array,
    local: Local,
    metrics: GatewayMetrics,
    keep: Keep | undefined,
  ) {
    this.channel = channel;
    this.keep = keep;
    this.batch = new BatchWriter(origin);
    this.#local = local;
    this.#metrics = metrics;
  }

  /** A frame was put into the batch. */
  emitted(frame: Emitted): void {
    this.lastBytes = frame.frame.length;
    this.#emitted.push(frame);
  }

  /** Somebody wants to hear when the frame that was emitted last was handed to the bus. */
  wantReceipt(receipt: Receipt): void {
    this.#receipts.push(receipt);
  }

  /** Closes the batch; what is emitted from now on begins a new one. */
  close(): void {
    const batch = this.batch.take();
    if (batch === null) return;
    this.#parcels.push({ batch, receipts: this.#receipts });
    if (this.#receipts.length > 0) this.#receipts = [];
  }

  /**
   * Lets the subscribers here hear what was emitted. True when they are so few that the bus comes
   * behind them.
   */
  deliver(): boolean {
    this.close();
    const emitted = this.#emitted;
    if (emitted.length === 0) return false;
    this.#emitted = [];
    for (const one of emitted) this.#deliver(one);
    const subscribers = this.#local.size;
    return subscribers > 0 && subscribers <= FIRST_SUBSCRIBERS_MAX;
  }

  /** Its own socket may have gone since the frame was emitted. */
  #deliver({ session, frame, since }: Emitted): void {
    const { stream, terms, socket } = session;
    const { stream_id } = stream.entry;
    const sockets = this.#local.deliverFrom(socket, terms.subscription, stream_id, frame);
    stream.meter?.delivered(sockets, frame.length);
    if (since !== 0) this.#metrics.sampleEnd(since);
  }

  /** What is for the others. */
  take(): readonly Parcel[] {
    if (this.#parcels.length === 0) return NOTHING;
    const parcels = this.#parcels;
    this.#parcels = [];
    return parcels;
  }
}

export class Relay {
  /** Distinguishes this process's batches from others': 8 random bytes, fixed while it runs. */
  readonly origin: Uint8Array = randomBytes(8);
  readonly #bus: Bus;
  readonly #metrics: GatewayMetrics;
  #scheduled: Outbox[] = [];
  /** Bytes of full batches that wait for the end of this turn. */
  #closedBytes = 0;

  constructor(bus: Bus, metrics: GatewayMetrics) {
    this.#bus = bus;
    this.#metrics = metrics;
  }

  open(channel: string, local: Local, keep?: Keep): Outbox {
    return new Outbox(channel, this.origin, local, this.#metrics, keep);
  }

  /** To be called behind each frame that was put into the outbox's batch. */
  schedule(outbox: Outbox): void {
    if (outbox.lastBytes >= LARGE_BYTES) {
      this.flush(outbox);
      return;
    }
    if (outbox.batch.bytes >= BATCH_BYTES_MAX) {
      this.#closedBytes += outbox.batch.bytes;
      outbox.close();
      if (this.#closedBytes >= TURN_BYTES_MAX) this.#endTurn();
    }
    if (outbox.scheduled) return;
    outbox.scheduled = true;
    if (this.#scheduled.push(outbox) === 1) setImmediate(() => this.#endTurn());
  }

  /** Sends what was emitted until now, so that whatever is done next comes behind it. */
  flush(outbox: Outbox): void {
    outbox.deliver();
    this.#publish(outbox);
  }

  #publish(outbox: Outbox): void {
    for (const { batch, receipts } of outbox.take()) {
      this.#metrics.published(batch.length);
      this.#bus.publish(outbox.channel, batch, outbox.keep).then(
        (taken) => {
          if (!taken) this.#metrics.publishLost();
          else for (const { socket, seq, ts } of receipts) socket.send(encodeReceipt(seq, ts));
        },
        () => this.#metrics.publishLost(),
      );
    }
  }

  /** Notifies the other gateways, after all that was emitted before. */
  announce(outbox: Outbox, event: GatewayEvent): void {
    this.publishEvent(outbox, event).catch(() => undefined);
  }

  /**
   * Puts a mark on the channel, after all that was emitted before. Resolves false when the bus did
   * not take it.
   */
  publishMark(outbox: Outbox, mark: string): Promise<boolean> {
    return this.publishEvent(outbox, { kind: "mark", mark, tails: false });
  }

  /** The same for any event. */
  async publishEvent(outbox: Outbox, event: ChannelEvent): Promise<boolean> {
    this.flush(outbox);
    const payload = Buffer.from(encodeEvent(event));
    const taken = await this.#bus.publish(outbox.channel, payload).catch(() => false);
    if (!taken) this.#metrics.publishLost();
    return taken;
  }

  #endTurn(): void {
    const outboxes = this.#scheduled;
    this.#scheduled = [];
    this.#closedBytes = 0;
    const later: Outbox[] = [];
    for (const outbox of outboxes) {
      outbox.scheduled = false;
      if (outbox.deliver()) later.push(outbox);
      else this.#publish(outbox);
    }
    // By then the library has written to the sockets of those who are here.
    if (later.length === 0) return;
    setImmediate(() => {
      for (const outbox of later) this.#publish(outbox);
    });
  }
}
