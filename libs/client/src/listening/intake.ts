/** What the line hears, as events: keeps the roster true, and never lets a loss pass in silence. */
import type { AmsError } from "../errors.ts";
import type { GapEvent, StreamIdentity, StreamMetadataEvent, TokenEvent } from "./events.ts";
import type { JoinedFrame, ServerFrame } from "./frames.ts";
import { Gaps, type Loss } from "./gaps.ts";
import type { Hub } from "./hub.ts";
import type { Roster } from "./roster.ts";

export class Intake {
  readonly #hub: Hub;
  readonly #roster: Roster;
  readonly #gaps = new Gaps();
  #own: StreamIdentity | null = null; // Null before the first join.
  #selection: ReadonlySet<string> | null = null;
  #dropped = false; // True when the broker closed because of what was not read.

  constructor(hub: Hub, roster: Roster) {
    this.#hub = hub;
    this.#roster = roster;
  }

  /**
   * A connection stands. After a first one, what changed meanwhile is told first, and then `joined`
   * with the whole.
   */
  joined(frame: JoinedFrame, characters: number): void {
    const { streamId, ts } = frame;
    const reconnected = this.#own !== null;
    this.#own = frame;
    this.#selection = selectionOf(frame);
    const { left, came, changed } = this.#roster.replace(frame.peers);
    const present = [...frame.peers.map((peer) => peer.streamId), streamId];
    const lost = this.#gaps.reset(present.filter((id) => this.#hears(id)));
    this.#gaps.joined(streamId);
    if (reconnected) {
      for (const { metadata, ...stream } of left) {
        this.#tellLoss(stream, lost.get(stream.streamId) ?? null, "reconnected");
        this.#hub.publish({ type: "stream_left", ...stream, ts }, 0);
      }
      const missed = this.#dropped
        ? frame.peers.filter((peer) => this.#gaps.knows(peer.streamId))
        : changed;
      for (const peer of missed) {
        if (this.#hears(peer.streamId))
          this.#tellLoss(peer, this.#gaps.missed(peer.streamId), "reconnected");
      }
      for (const peer of came)
        this.#hub.publish({ type: "stream_joined", ...peer, ts }, characters);
    }
    this.#dropped = false;
    this.#hub.publish({ ...frame, reconnected }, characters);
  }

  /**
   * The connection broke. What its peers say now shows as a loss at their next frame; but two
   * losses are certain at the next join and are told there, since a next frame may never come:
   * where the broker dropped what was not read in time (§5.7), and where a peer has other metadata
   * than before, which may have been the end of its turn.
   */
  broke(cause: AmsError): void {
    this.#dropped ||= cause.code === "subscriber_backpressure";
  }

  /** `joined`, `pong` and `x_receipt` are not for this file: the line and the outbox take them. */
  heard(frame: ServerFrame, characters: number): void {
    if (frame.type === "token" || frame.type === "stream_metadata") this.#said(frame, characters);
    else if (frame.type === "stream_joined") {
      this.#roster.set(frame);
      if (this.#hears(frame.streamId)) this.#gaps.joined(frame.streamId);
      this.#hub.publish(frame, characters);
    } else if (frame.type === "stream_left") {
      const { streamId, seq } = frame;
      if (this.#hears(streamId)) this.#tellLoss(frame, this.#gaps.left(streamId, seq), "missed");
      this.#roster.remove(frame);
      this.#hub.publish(frame, characters);
    } else if (frame.type === "x_gap") {
      const { streamId, after, before, reason } = frame;
      const stream = { streamId, streamName: this.#nameOf(streamId) };
      this.#tellLoss(stream, this.#gaps.told(streamId, after, before), reason);
    } else if (frame.type === "x_drain") {
      const { reconnectAfterMs } = frame;
      this.#hub.publish({ type: "draining", reconnectAfterMs }, characters);
    }
  }

  #said(frame: TokenEvent | StreamMetadataEvent, characters: number): void {
    const loss = this.#gaps.frame(frame.streamId, frame.seq);
    if (loss === "seen") return;
    this.#tellLoss(frame, loss, "missed");
    if (frame.type === "stream_metadata" && frame.streamId !== this.#own?.streamId) {
      this.#roster.set(frame);
    }
    this.#hub.publish(frame, characters);
  }

  /** False for streams outside the selection: their frames aren't lost but unwanted (§5.10). */
  #hears(streamId: string): boolean {
    return this.#selection === null || this.#selection.has(streamId);
  }

  #nameOf(streamId: string): string | null {
    const own = this.#own;
    return own?.streamId === streamId ? own.streamName : this.#roster.nameOf(streamId);
  }

  #tellLoss(
    stream: { readonly streamId: string; readonly streamName: string | null },
    loss: Loss | null,
    reason: string,
  ): void {
    if (loss === null) return;
    const { streamId, streamName } = stream;
    const gap: GapEvent = { type: "gap", streamId, streamName, ...loss, reason };
    this.#hub.publish(gap, 0);
  }
}

function selectionOf(frame: JoinedFrame): ReadonlySet<string> | null {
  const { subscribedStreams, selfSubscribe, streamId } = frame;
  if (subscribedStreams === null) return null;
  return new Set(selfSubscribe ? [...subscribedStreams, streamId] : subscribedStreams);
}
