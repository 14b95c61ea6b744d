/**
 * Between this gateway and the others. What a conversation emits in one turn of the event loop leaves as one batch and
 * one publish, however many streams and frames it holds.
 */
import { randomBytes } from "node:crypto";
import { encodeEvent, type GatewayEvent } from "@ams/directory";
import { encodeReceipt } from "@ams/protocol";
import { BATCH_BYTES_MAX, BatchWriter } from "./batch.ts";
import type { Bus } from "./bus.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Socket } from "./sockets.ts";

/** An emitter that asked to hear when its frame was handed to the bus. */
type Receipt = { readonly socket: Socket; readonly seq: string; readonly ts: string };

/** One conversation's way out: the batch of this turn, and who waits for a receipt. */
export class Outbox {
  readonly channel: string;
  readonly batch: BatchWriter;
  receipts: Receipt[] = [];
  scheduled = false;

  constructor(channel: string, origin: Uint8Array) {
    this.channel = channel;
    this.batch = new BatchWriter(origin);
  }
}

export class Relay {
  /** Tells this process's batches from others': 8 random bytes, for as long as it runs. */
  readonly origin: Uint8Array = randomBytes(8);
  readonly #bus: Bus;
  readonly #metrics: GatewayMetrics;
  #scheduled: Outbox[] = [];

  constructor(bus: Bus, metrics: GatewayMetrics) {
    this.#bus = bus;
    this.#metrics = metrics;
  }

  open(channel: string): Outbox {
    return new Outbox(channel, this.origin);
  }

  /** To be called behind each frame that was put into the outbox's batch. */
  schedule(outbox: Outbox): void {
    if (outbox.batch.bytes >= BATCH_BYTES_MAX) {
      this.flush(outbox);
      return;
    }
    if (outbox.scheduled) return;
    outbox.scheduled = true;
    if (this.#scheduled.push(outbox) === 1) setImmediate(() => this.#flushScheduled());
  }

  /** Publishes what is in the batch now, so that whatever is done next comes behind it. */
  flush(outbox: Outbox): void {
    const batch = outbox.batch.take();
    if (batch === null) return;
    const { receipts } = outbox;
    if (receipts.length > 0) outbox.receipts = [];
    this.#metrics.published(batch.length);
    this.#bus.publish(outbox.channel, batch).then(
      (taken) => {
        if (!taken) this.#metrics.publishLost();
        else for (const { socket, seq, ts } of receipts) socket.send(encodeReceipt(seq, ts));
      },
      () => this.#metrics.publishLost(),
    );
  }

  /** Tells the other gateways something, behind all that was emitted before. */
  announce(outbox: Outbox, event: GatewayEvent): void {
    this.flush(outbox);
    this.#bus.publish(outbox.channel, Buffer.from(encodeEvent(event))).then(
      (taken) => {
        if (!taken) this.#metrics.publishLost();
      },
      () => this.#metrics.publishLost(),
    );
  }

  #flushScheduled(): void {
    const outboxes = this.#scheduled;
    this.#scheduled = [];
    for (const outbox of outboxes) {
      outbox.scheduled = false;
      this.flush(outbox);
    }
  }
}
