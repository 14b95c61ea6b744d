/** The batches of other gateways, frame by frame, on their way to the subscribers here. */
import type { ChannelEvent } from "@ams/directory";
import { encodeTokenHead, readMembers } from "@ams/protocol";
import { batchTimeMs, type FrameKind, isForeignBatch, walkBatch } from "../bus/batch.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Quota } from "../lifecycle/quota-slots.ts";
import { asReplay, streamIdOf } from "../replay/kept-frame.ts";
import { readIso } from "../time.ts";
import type { Audience } from "./audience.ts";
import type { LiveStream } from "./live-stream.ts";
import type { NotedMetadata, Roster } from "./roster.ts";
import type { Sessions } from "./sessions.ts";

export type RemoteFramesParts = {
  readonly deps: GatewayDeps;
  readonly roster: Roster;
  readonly audience: Audience;
  readonly sessions: Sessions;
  readonly quota: Quota;
};

/** The frame that is looked at: one at a time. */
type Looked = { frame: Buffer; kind: FrameKind; noted: NotedMetadata | null };

export class RemoteFrames {
  readonly #parts: RemoteFramesParts;
  readonly #looked: Looked = { frame: Buffer.alloc(0), kind: "token", noted: null };

  constructor(parts: RemoteFramesParts) {
    this.#parts = parts;
  }

  deliver(batch: Buffer): void {
    const { metrics, relay, log } = this.#parts.deps;
    if (!isForeignBatch(batch, relay.origin)) return;
    metrics.relayed(batchTimeMs(batch));
    if (walkBatch(batch, this.#take)) return;
    metrics.unread("conversation");
    log.warn({ event: "batch_malformed", bytes: batch.length }, "malformed batch");
  }

  readonly #take = (epoch: number, n: number, kind: FrameKind, frame: Buffer): void => {
    if (kind === "stream_left") return;
    const { deps, roster } = this.#parts;
    const looked = this.#looked;
    looked.frame = frame;
    looked.kind = kind;
    looked.noted = kind === "stream_metadata" ? readMetadata(frame, n) : null;
    const verdict = roster.passed(epoch, n, this.#timeOf);
    if (typeof verdict === "string") {
      deps.metrics.dropped(verdict);
      if (verdict === "early" && looked.noted !== null) roster.passedOver(epoch, looked.noted);
      return;
    }
    if (looked.noted !== null) roster.notedMetadata(verdict, looked.noted);
    this.#deliverRemote(verdict, frame);
  };

  /** Unix milliseconds at which the frame was stamped; NaN when that can't be read. */
  readonly #timeOf = (stream: LiveStream): number => {
    const { frame, kind, noted } = this.#looked;
    if (kind !== "token") return noted?.ms ?? Number.NaN;
    stream.timeAt ??= Buffer.byteLength(encodeTokenHead(stream.entry));
    return readIso(frame, stream.timeAt);
  };

  /**
   * Whether a frame of this batch does not follow the last one of its stream. `mayMiss`: the first
   * that comes of a stream may not be its first either.
   */
  hasHole(batch: Buffer, mayMiss: boolean): boolean {
    const { deps, roster } = this.#parts;
    if (!isForeignBatch(batch, deps.relay.origin)) return false;
    let found = false;
    const seen = new Map<number, number>();
    walkBatch(batch, (epoch, n, kind) => {
      if (kind === "stream_left") return;
      const last = seen.get(epoch) ?? roster.lastNOf(epoch);
      found ||= last === null ? mayMiss : n > last + 1;
      seen.set(epoch, n);
    });
    return found;
  }

  /** Whether the event says how far a stream came, and less of it has, or may have, passed here. */
  hasHoleBefore(event: ChannelEvent, mayMiss: boolean): boolean {
    if (event.kind !== "tail" && event.kind !== "left" && event.kind !== "yielded") return false;
    const last = this.#parts.roster.lastNOf(event.epoch);
    return last === null ? mayMiss : event.n !== null && event.n > last;
  }

  /** A batch from the log: of others' frames, those that did not come by the channel. */
  refill(batch: Buffer, others: boolean): void {
    const { deps, roster, audience } = this.#parts;
    if (!isForeignBatch(batch, deps.relay.origin)) return;
    walkBatch(batch, (epoch, n, kind, frame) => {
      if (kind === "stream_left") return;
      const verdict = roster.passed(epoch, n);
      if (verdict === "fenced") {
        if (!others) return;
        const id = streamIdOf(frame, kind);
        // Nobody here knows that it joined: it comes as a replayed one.
        if (roster.passedUnknown(id, epoch, n)) audience.deliver(id, asReplay(frame));
        return;
      }
      if (typeof verdict === "string") return;
      const noted = kind === "stream_metadata" ? readMetadata(frame, n) : null;
      if (noted !== null) roster.notedMetadata(verdict, noted);
      this.#deliverRemote(verdict, frame);
    });
  }

  /**
   * A late frame of a displaced connection isn't for the one that holds the stream now: it is its
   * own stream (§5.1).
   */
  #deliverRemote(stream: LiveStream, frame: Buffer): void {
    const { audience, sessions, deps, quota } = this.#parts;
    const { stream_id } = stream.entry;
    const holder = stream.successor === null ? undefined : sessions.holderOf(stream_id);
    const sockets = holder?.socket
      ? audience.deliverFrom(holder.socket, holder.terms.subscription, stream_id, frame)
      : audience.deliver(stream_id, frame);
    if (stream.meter === null || stream.meter.isRetired) {
      stream.meter = deps.meters.of(quota.payerOf(stream.entry));
    }
    stream.meter.delivered(sockets, frame.length);
  }
}

function readMetadata(frame: Buffer, n: number): NotedMetadata | null {
  const members = readMembers(frame.toString());
  const metadata = members?.get("metadata")?.text;
  const ts = members?.get("ts")?.text ?? "";
  if (metadata === undefined) return null;
  return { metadata, n, ms: Date.parse(ts.slice(1, -1)) };
}
