/** What the connection receives, as events: keeps the roster correct, and reports every loss. */
import { formatSeq, parseSeq } from "@ams/protocol";
import type { AmsError } from "../errors.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type {
  GapEvent,
  Kept,
  LiveEvent,
  ReplayedEvent,
  StreamIdentity,
  StreamLeftEvent,
  StreamMetadataEvent,
  TokenEvent,
} from "./events.ts";
import type { JoinedFrame, ServerFrame } from "./frames.ts";
import { Gaps, type Loss } from "./gaps.ts";
import type { Roster } from "./roster.ts";

export class Intake {
  readonly #dispatcher: Dispatcher;
  readonly #roster: Roster;
  readonly #gaps = new Gaps();
  #own: StreamIdentity | null = null; // Null before the first join.
  #selection: ReadonlySet<string> | null = null;
  /** True until all kept frames that were asked for have come. */
  #isReplaying = false;
  /** Streams that left while this connection was away, of which kept frames may follow. */
  readonly #leaving = new Map<string, StreamLeftEvent>();
  #dropped = false; // True when the broker closed because of what was not read.

  constructor(dispatcher: Dispatcher, roster: Roster) {
    this.#dispatcher = dispatcher;
    this.#roster = roster;
  }

  /**
   * A connection is established. After a first one, what changed meanwhile is reported first, and
   * then `joined` with the whole.
   */
  joined(frame: JoinedFrame, characters: number, replays = false): void {
    const { streamId, ts } = frame;
    const reconnected = this.#own !== null;
    this.#isReplaying = replays;
    this.#own = frame;
    this.#selection = selectionOf(frame);
    const { left, came, changed } = this.#roster.replace(frame.peers);
    const present = [...frame.peers.map((peer) => peer.streamId), streamId];
    const lost = this.#gaps.reset(present.filter((id) => this.#receives(id)));
    this.#gaps.joined(streamId);
    if (reconnected && replays) {
      // What they said last is still to come.
      for (const { metadata, ...stream } of left)
        this.#leaving.set(stream.streamId, { type: "stream_left", ...stream, ts });
      for (const peer of came)
        this.#dispatcher.publish({ type: "stream_joined", ...peer, ts }, characters);
    } else if (reconnected) {
      this.#letLeave();
      for (const { metadata, ...stream } of left) {
        this.#publishLoss(stream, lost.get(stream.streamId) ?? null, "reconnected");
        this.#dispatcher.publish({ type: "stream_left", ...stream, ts }, 0);
      }
      const missed = this.#dropped
        ? frame.peers.filter((peer) => this.#gaps.knows(peer.streamId))
        : changed;
      for (const peer of missed) {
        if (this.#receives(peer.streamId))
          this.#publishLoss(peer, this.#gaps.missed(peer.streamId), "reconnected");
      }
      for (const peer of came)
        this.#dispatcher.publish({ type: "stream_joined", ...peer, ts }, characters);
    }
    this.#dropped = false;
    const follows = replays ? { replays } : {};
    this.#dispatcher.publish({ ...frame, reconnected, ...follows }, characters);
  }

  /**
   * The connection broke. What its peers say now shows as a loss at their next frame; but two
   * losses are certain at the next join and are reported there, since a next frame may never come:
   * where the broker dropped what was not read in time (§5.7), and where a peer has other metadata
   * than before, which may have been the end of its turn.
   */
  broke(cause: AmsError): void {
    this.#dropped ||= cause.code === "subscriber_backpressure";
  }

  /**
   * `joined`, `pong` and `x_receipt` are not for this file: the connection and the outbox take
   * them.
   */
  received(frame: ServerFrame, characters: number): void {
    if (frame.type === "token" || frame.type === "stream_metadata") this.#said(frame, characters);
    else if (frame.type === "x_assembled") this.#replayed(frame, characters);
    else if (frame.type === "x_live") this.#isLive(frame);
    else if (frame.type === "x_cursor") {
      if (!this.#isReplaying) this.#gaps.cursor();
      this.#dispatcher.publish({ type: "cursor", cursor: frame.cursor }, characters);
    } else if (frame.type === "x_roster") {
      this.#dispatcher.publish({ ...frame, type: "roster" }, characters);
    } else if (frame.type === "stream_joined") {
      this.#roster.set(frame);
      if (this.#receives(frame.streamId)) this.#gaps.joined(frame.streamId);
      this.#dispatcher.publish(frame, characters);
      this.#letLeave(frame.streamId);
    } else if (frame.type === "stream_left" && isKept(frame)) {
      this.#dispatcher.publish({ ...frame, type: "stream_ended" }, characters);
      this.#letLeave(frame.streamId);
    } else if (frame.type === "stream_left") {
      const { streamId, seq } = frame;
      if (this.#receives(streamId))
        this.#publishLoss(frame, this.#gaps.left(streamId, seq), "missed");
      this.#roster.remove(frame);
      this.#dispatcher.publish(frame, characters);
    } else if (frame.type === "x_gap") {
      const { streamId, after, before, reason } = frame;
      const stream = { streamId, streamName: this.#nameOf(streamId) };
      this.#publishLoss(stream, this.#gaps.reported(streamId, after, before), reason);
    } else if (frame.type === "x_drain") {
      const { reconnectAfterMs } = frame;
      this.#dispatcher.publish({ type: "draining", reconnectAfterMs }, characters);
    } else if (frame.type === "x_notice") {
      this.#dispatcher.publish({ ...frame, type: "notice" }, characters);
    }
  }

  #said(frame: TokenEvent | StreamMetadataEvent, characters: number): void {
    const { streamId, seq } = frame;
    const loss = isKept(frame)
      ? this.#gaps.replayed(streamId, seq, this.#isHere(streamId))
      : this.#gaps.frame(streamId, seq);
    if (loss === "seen") return;
    this.#publishLoss(frame, loss, "missed");
    // A replayed one is older than what the roster has.
    const isNews = !isKept(frame);
    if (isNews && frame.type === "stream_metadata" && frame.streamId !== this.#own?.streamId) {
      this.#roster.set(frame);
    }
    this.#dispatcher.publish(frame, characters);
  }

  /** Assembled tokens, without those that this connection had already. */
  #replayed(frame: Omit<ReplayedEvent, "type">, characters: number): void {
    const { streamId, streamName, to, data } = frame;
    const [first, last] = [parseSeq(frame.from), parseSeq(to)];
    if (first === null || last === null || last.n - first.n + 1 !== data.length) return;
    const isHere = this.#isHere(streamId);
    let seen = 0;
    for (let n = first.n; n <= last.n; n += 1) {
      const loss = this.#gaps.replayed(streamId, formatSeq(first.epoch, n), isHere);
      if (loss === "seen") seen += 1;
      else this.#publishLoss({ streamId, streamName }, loss, "missed");
    }
    if (seen === data.length) return;
    const from = formatSeq(first.epoch, first.n + seen);
    const rest = { streamId, streamName, from, to, data: data.slice(seen) };
    this.#dispatcher.publish({ type: "replayed", ...rest }, characters);
  }

  #isLive({ cursor, complete }: Omit<LiveEvent, "type">): void {
    this.#isReplaying = false;
    if (complete) this.#gaps.caughtUp();
    this.#letLeave();
    this.#dispatcher.publish({ type: "live", cursor, complete }, 0);
  }

  /** Streams that had left when this connection came back, once all that they said has come. */
  #letLeave(streamId?: string): void {
    for (const [id, event] of [...this.#leaving]) {
      if (streamId !== undefined && id !== streamId) continue;
      this.#leaving.delete(id);
      this.#dispatcher.publish(event, 0);
    }
  }

  #isHere(streamId: string): boolean {
    return streamId === this.#own?.streamId || this.#roster.peers.has(streamId);
  }

  /** False for streams outside the selection: their frames aren't lost but unwanted (§5.10). */
  #receives(streamId: string): boolean {
    return this.#selection === null || this.#selection.has(streamId);
  }

  #nameOf(streamId: string): string | null {
    const own = this.#own;
    return own?.streamId === streamId ? own.streamName : this.#roster.nameOf(streamId);
  }

  #publishLoss(
    stream: { readonly streamId: string; readonly streamName: string | null },
    loss: Loss | null,
    reason: string,
  ): void {
    if (loss === null) return;
    const { streamId, streamName } = stream;
    const gap: GapEvent = { type: "gap", streamId, streamName, ...loss, reason };
    this.#dispatcher.publish(gap, 0);
  }
}

/** Whether it comes from the log, before or after `x_live`. */
function isKept({ replay, cursor }: Kept): boolean {
  return replay === true || cursor !== undefined;
}

function selectionOf(frame: JoinedFrame): ReadonlySet<string> | null {
  const { subscribedStreams, selfSubscribe, streamId } = frame;
  if (subscribedStreams === null) return null;
  return new Set(selfSubscribe ? [...subscribedStreams, streamId] : subscribedStreams);
}
