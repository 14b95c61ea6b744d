/** The batches of other gateways, frame by frame, on their way to the subscribers here. */
import { readMembers, type StreamId } from "@ams/protocol";
import { batchTimeMs, isForeignBatch, walkBatch } from "../bus/batch.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Audience } from "./audience.ts";
import type { LiveStream, Roster } from "./roster.ts";
import type { Session } from "./session.ts";

export class RemoteFrames {
  readonly #deps: GatewayDeps;
  readonly #roster: Roster;
  readonly #audience: Audience;
  /** The session here that holds the stream. */
  readonly #holderOf: (stream: StreamId) => Session | undefined;

  constructor(
    deps: GatewayDeps,
    roster: Roster,
    audience: Audience,
    holderOf: (stream: StreamId) => Session | undefined,
  ) {
    this.#deps = deps;
    this.#roster = roster;
    this.#audience = audience;
    this.#holderOf = holderOf;
  }

  deliver(batch: Buffer): void {
    const { metrics, relay, log } = this.#deps;
    if (!isForeignBatch(batch, relay.origin)) return;
    metrics.relayed(batchTimeMs(batch));
    const whole = walkBatch(batch, (epoch, n, kind, frame) => {
      const verdict = this.#roster.passed(epoch, n);
      if (typeof verdict === "string") {
        metrics.dropped(verdict);
        return;
      }
      if (kind === "stream_metadata") this.#keepMetadata(verdict, n, frame);
      this.#deliverRemote(verdict, frame);
    });
    if (whole) return;
    metrics.unread("conversation");
    log.warn({ event: "batch_malformed", bytes: batch.length }, "malformed batch");
  }

  /**
   * A late frame of a displaced connection isn't for the one that holds the stream now: it is its
   * own stream (§5.1).
   */
  #deliverRemote(stream: LiveStream, frame: Buffer): void {
    const { stream_id } = stream.entry;
    const session = stream.successor === null ? undefined : this.#holderOf(stream_id);
    if (!session?.socket) this.#audience.deliver(stream_id, frame);
    else this.#audience.deliverFrom(session.socket, session.terms.subscription, stream_id, frame);
  }

  #keepMetadata(stream: LiveStream, n: number, frame: Buffer): void {
    const metadata = readMembers(frame.toString())?.get("metadata");
    if (metadata !== undefined) this.#roster.notedMetadata(stream, metadata.text, n);
  }
}
