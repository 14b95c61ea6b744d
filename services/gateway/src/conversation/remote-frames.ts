/** The batches of other gateways, frame by frame, on their way to the subscribers here. */
import { readMembers } from "@ams/protocol";
import { batchTimeMs, isForeignBatch, walkBatch } from "../bus/batch.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Audience } from "./audience.ts";
import type { LiveStream, Roster } from "./roster.ts";
import type { Sessions } from "./sessions.ts";

export type RemoteFramesParts = {
  readonly deps: GatewayDeps;
  readonly roster: Roster;
  readonly audience: Audience;
  readonly sessions: Sessions;
};

export class RemoteFrames {
  readonly #parts: RemoteFramesParts;

  constructor(parts: RemoteFramesParts) {
    this.#parts = parts;
  }

  deliver(batch: Buffer): void {
    const { deps, roster } = this.#parts;
    const { metrics, relay, log } = deps;
    if (!isForeignBatch(batch, relay.origin)) return;
    metrics.relayed(batchTimeMs(batch));
    const whole = walkBatch(batch, (epoch, n, kind, frame) => {
      const verdict = roster.passed(epoch, n);
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
    const { audience, sessions } = this.#parts;
    const { stream_id } = stream.entry;
    const holder = stream.successor === null ? undefined : sessions.holderOf(stream_id);
    if (!holder?.socket) audience.deliver(stream_id, frame);
    else audience.deliverFrom(holder.socket, holder.terms.subscription, stream_id, frame);
  }

  #keepMetadata(stream: LiveStream, n: number, frame: Buffer): void {
    const metadata = readMembers(frame.toString())?.get("metadata");
    if (metadata !== undefined) this.#parts.roster.notedMetadata(stream, metadata.text, n);
  }
}
