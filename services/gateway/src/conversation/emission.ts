/**
 * What a session says becomes a frame of its stream, which waits in the conversation's outbox for
 * the end of the turn: for the subscribers here, and for the other gateways. The one way of every
 * token and every change of metadata.
 */
import type { GatewayEvent, Where } from "@ams/directory";
import {
  type DataSpan,
  encodeStreamLeft,
  encodeStreamMetadata,
  formatSeq,
  type JsonText,
} from "@ams/protocol";
import type { Socket } from "../accept/sockets.ts";
import type { Outbox } from "../bus/relay.ts";
import type { GatewayDeps } from "../deps.ts";
import { toIso } from "../time.ts";
import type { LiveStream } from "./live-stream.ts";
import type { Roster } from "./roster.ts";
import { type EmittingSession, emitToken } from "./token-frame.ts";

/** A frame's place in its stream, and its time in Unix milliseconds. */
type Place = { readonly epoch: number; readonly n: number; readonly ms: number };

type Yielded = Extract<GatewayEvent, { kind: "yielded" }>;

export class Emission {
  readonly #where: Where;
  readonly #deps: GatewayDeps;
  readonly #roster: Roster;
  readonly #outbox: Outbox;

  constructor(where: Where, deps: GatewayDeps, roster: Roster, outbox: Outbox) {
    this.#where = where;
    this.#deps = deps;
    this.#roster = roster;
    this.#outbox = outbox;
  }

  emitToken(
    session: EmittingSession,
    socket: Socket,
    bytes: Uint8Array,
    span: Readonly<DataSpan>,
    nowMs: number,
  ): void {
    const { metrics } = this.#deps;
    const place = this.#nextPlace(session.stream, nowMs);
    const frame = emitToken(this.#outbox.batch, session.head, place, bytes, span.start, span.end);
    metrics.received(frame.length);
    this.#handOver(session, socket, place, frame);
  }

  emitMetadata(session: EmittingSession, socket: Socket, metadata: JsonText, nowMs: number): void {
    const { stream } = session;
    const place = this.#nextPlace(stream, nowMs);
    const text = encodeStreamMetadata(stream.entry, metadata, toIso(place.ms), place);
    const bytes = Buffer.byteLength(text);
    const frame = this.#outbox.batch.append(place.epoch, place.n, "stream_metadata", bytes);
    frame.write(text);
    this.#roster.notedMetadata(stream, { metadata, n: place.n, ms: place.ms });
    this.#deps.metrics.received(bytes);
    this.#handOver(session, socket, place, frame);
    this.#deps.holdings.keepMetadata(this.#where, stream);
  }

  /**
   * Notifies the other gateways how far a connection came that has yielded, after all that was
   * emitted before. Without it a lost tail would be silent, so it is published again until it is
   * taken.
   */
  announceYield(yielded: Omit<Yielded, "kind">): void {
    const { holdings, relay } = this.#deps;
    const event = { kind: "yielded", ...yielded } as const;
    holdings.announce(() => relay.publishEvent(this.#outbox, event));
  }

  /** The stream has left: a log keeps that too (§7.2.1). Live readers are notified otherwise. */
  keepLeft({ entry }: LiveStream, n: number | null, ts: string): void {
    if (this.#outbox.keep === undefined) return;
    const text = encodeStreamLeft(entry, ts, n === null ? null : formatSeq(entry.epoch, n));
    const bytes = Buffer.byteLength(text);
    this.#outbox.batch.append(entry.epoch, n ?? 0, "stream_left", bytes).write(text);
  }

  /** Sends what was emitted in this turn until now. */
  flush(): void {
    this.#deps.relay.flush(this.#outbox);
  }

  #handOver(session: EmittingSession, socket: Socket, place: Place, frame: Buffer): void {
    const { metrics, relay } = this.#deps;
    this.#outbox.emitted({ session, frame, since: metrics.sampleStart() });
    if (session.terms.receipts) {
      const seq = formatSeq(place.epoch, place.n);
      this.#outbox.wantReceipt({ socket, seq, ts: toIso(place.ms) });
    }
    relay.schedule(this.#outbox);
  }

  #nextPlace(stream: LiveStream, nowMs: number): Place {
    stream.lastN = (stream.lastN ?? 0) + 1;
    return { epoch: stream.entry.epoch, n: stream.lastN, ms: stamp(stream, nowMs) };
  }
}

/**
 * The time of the stream's next frame: the clock's, but never earlier than its last one's (§4.6.2).
 * Unix milliseconds.
 */
export function stamp(stream: LiveStream, nowMs: number): number {
  stream.lastMs = Math.max(nowMs, stream.lastMs);
  return stream.lastMs;
}
