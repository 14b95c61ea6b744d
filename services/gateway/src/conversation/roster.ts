/**
 * Who is live in one conversation, as this gateway knows it: a copy of the directory's roster that
 * the events of the conversation's channel keep true (§5.5, §5.6). It is a plain state machine;
 * what its changes mean for sockets is its listener's business.
 *
 * The channel carries every change in the order in which it was made, so an event is either news or
 * stale, and its epoch shows which: of two claims of a stream the later has the higher epoch.
 */
import type { RosterEntry } from "@ams/directory";
import { formatSeq, type GapReason, type JsonText, type StreamId } from "@ams/protocol";
import { toIso } from "../time.ts";
import {
  advanceAll,
  hasEmittedSince,
  isEarly,
  type LiveStream,
  latestClaimOf,
  noTime,
  type OwnStream,
  seqOf,
  toStream,
} from "./live-stream.ts";
import { Recent } from "./recent.ts";

export interface RosterListener {
  /**
   * It joined at its `lastMs`: its `joined_at`, unless a later leave of the same stream was
   * notified here.
   */
  streamJoined(stream: LiveStream): void;
  /** `seq` is the last one of the stream, null when it isn't known. */
  streamLeft(stream: LiveStream, ts: string, seq: string | null): void;
  /**
   * Metadata that was set while news of it could not come here; `n` is its place in the stream, and
   * `ms` its time.
   */
  metadataChanged(stream: LiveStream, n: number, ms: number): void;
  /** Frames of this stream between two seqs were lost on their way to this gateway. */
  gap(stream: LiveStream, after: string | null, before: string | null, reason: GapReason): void;
}

/** Streams remembered after their end, in case frames or claims of them are still on their way. */
const REMEMBERED_MAX = 1_000;

/**
 * Whether a frame is to be delivered, and if so of which stream it is. `early`: its time is before
 * what readers here have heard of an earlier claim; they were notified of a gap instead (§4.6.2).
 */
export type Verdict = LiveStream | "stale" | "fenced" | "early";

/** Metadata with its place in its stream and its time, Unix ms. */
export type NotedMetadata = {
  readonly metadata: JsonText;
  readonly n: number;
  readonly ms: number;
};

export class Roster {
  readonly #listener: RosterListener;
  readonly #byStream = new Map<StreamId, OwnStream>();
  readonly #byEpoch = new Map<number, OwnStream>();
  /** Claims that were taken over, whose last frames may still be on their way. */
  readonly #fading = new Recent<number, OwnStream>(REMEMBERED_MAX);
  /**
   * Streams that were announced as left by others than their holder, which may yet come back under
   * the same epoch.
   */
  readonly #swept = new Recent<StreamId, LiveStream>(REMEMBERED_MAX);
  /** The last n of epochs that have left. */
  readonly #endedN = new Recent<number, number>(REMEMBERED_MAX);
  /** The latest epoch of a stream, of those that are over, of which something may have passed. */
  readonly #passedEpoch = new Recent<StreamId, number>(REMEMBERED_MAX);
  /** Unix ms at which streams left, as their readers were notified. */
  readonly #leftMs = new Recent<StreamId, number>(REMEMBERED_MAX);

  constructor(listener: RosterListener) {
    this.#listener = listener;
  }

  get size(): number {
    return this.#byStream.size;
  }

  streams(): IterableIterator<LiveStream> {
    return this.#byStream.values();
  }

  get(id: StreamId): LiveStream | undefined {
    return this.#byStream.get(id);
  }

  /**
   * A connection holds the stream from now on. Returns the stream as it now is, or null for stale
   * news.
   */
  claimed(entry: RosterEntry, tookOver: boolean): LiveStream | null {
    const before = this.#byStream.get(entry.stream_id);
    if (before === undefined) return this.#join(entry);
    if (before.entry.epoch > entry.epoch) return null;
    const isSame = before.entry.connection === entry.connection;
    if (before.entry.epoch === entry.epoch && isSame) {
      const { gateway, joined_at } = entry;
      before.entry = { ...before.entry, gateway, joined_at };
      before.claim = "held";
      before.lastMs = Math.max(before.lastMs, Date.parse(joined_at));
      return before;
    }
    if (tookOver && before.entry.epoch < entry.epoch) return this.#succeed(before, entry);
    // Its leave was lost on the way: the readers are notified of both.
    this.#giveUpBefore(before);
    this.#remove(before);
    this.#notifyLeft(before, entry.joined_at, null);
    return this.#join(entry);
  }

  /** The stream has left; news of an earlier epoch than the one that is live is stale. */
  left(id: StreamId, epoch: number, n: number | null, ts: string): void {
    const stream = this.#byStream.get(id);
    if (stream === undefined || stream.entry.epoch !== epoch) return;
    this.#giveUpBefore(stream);
    this.#remove(stream);
    if (n === null) this.#swept.put(id, stream);
    const last = n === null ? null : formatSeq(epoch, n);
    this.#notifyLeft(stream, ts, last);
  }

  /**
   * The directory may hold nothing of this stream, which is held here: nothing is emitted until it
   * was asked.
   */
  doubt(stream: OwnStream): void {
    if (stream.claim === "held") stream.claim = "doubted";
  }

  /** The directory names this stream as held by its connection, under this gateway. */
  confirm(stream: OwnStream, { gateway, joined_at }: RosterEntry): void {
    if (stream.claim === "ended") return;
    stream.entry = { ...stream.entry, gateway, joined_at };
    stream.claim = "held";
  }

  /** Removes the stream without a notification: nobody here knows that it had joined. */
  forget(stream: LiveStream): void {
    if (this.#byStream.get(stream.entry.stream_id) === stream) this.#remove(stream);
  }

  /** The displaced connection of this epoch has sent its last frame. */
  yielded(epoch: number, n: number | null): void {
    const stream = this.#fading.get(epoch);
    if (stream === undefined) return;
    this.#endFading(stream);
    if (n !== null && stream.lastN !== null && stream.lastN < n) {
      this.#gapToSuccessor(stream, "displaced");
    }
  }

  /** Its earlier holder stamped frames up to this time: the next are no earlier (§4.6.2). */
  advanceClock(id: StreamId, ms: number): void {
    const stream = this.#byStream.get(id);
    if (stream !== undefined) stream.lastMs = Math.max(stream.lastMs, ms);
  }

  /** The stream has emitted up to `n`: if less has passed here, the tail was lost. */
  tail(epoch: number, n: number): void {
    const stream = this.#byEpoch.get(epoch);
    if (stream === undefined) return;
    if (stream.lastN !== null && stream.lastN < n) {
      this.#listener.gap(stream, seqOf(stream), formatSeq(epoch, n + 1), "bus_interrupted");
    }
    stream.lastN = Math.max(stream.lastN ?? 0, n);
  }

  /**
   * Judges a frame that came over the bus, notifies of a gap before it, and counts it as passed
   * when it is to be delivered.
   */
  passed(epoch: number, n: number, timeOf: (stream: LiveStream) => number = noTime): Verdict {
    const stream = this.#byEpoch.get(epoch) ?? this.#notFenced(epoch);
    if (stream === undefined) return "fenced";
    if (stream.lastN !== null && n <= stream.lastN) return "stale";
    const ms = timeOf(stream);
    if (isEarly(stream, ms)) {
      this.#passOver(stream, n);
      return "early";
    }
    this.#notifyGapBefore(stream, n);
    stream.lastN = n;
    if (!Number.isNaN(ms)) advanceAll(stream, ms);
    return stream;
  }

  /** Metadata whose frame was passed over: readers are notified as if the stream came anew. */
  passedOver(epoch: number, noted: NotedMetadata): void {
    const stream = this.#byEpoch.get(epoch);
    if (stream === undefined) return;
    this.notedMetadata(stream, noted);
    this.#announceAgain(stream);
  }

  /** The last `n` of this epoch that passed here; null when none did, or it is over. */
  lastNOf(epoch: number): number | null {
    return (this.#byEpoch.get(epoch) ?? this.#fading.get(epoch))?.lastN ?? null;
  }

  /**
   * Whether a frame from the log, of an epoch that is not live here, may still be delivered: it has
   * not passed, and nothing of a later epoch has (§5.2). It then counts as passed.
   */
  passedUnknown(id: StreamId, epoch: number, n: number): boolean {
    if (this.#fading.get(epoch) !== undefined || n <= (this.#endedN.get(epoch) ?? 0)) return false;
    const live = this.#byStream.get(id);
    if (live !== undefined && live.entry.epoch > epoch && live.lastN !== 0) return false;
    if (epoch < (this.#passedEpoch.get(id) ?? 0)) return false;
    this.#endedN.put(epoch, n);
    this.#passedEpoch.put(id, epoch);
    return true;
  }

  /**
   * Readers are notified of new metadata, as frame `n` of this claim. It holds for the claims that
   * took over from it as well.
   */
  notedMetadata(stream: OwnStream, { metadata, n, ms }: NotedMetadata): void {
    stream.entry = { ...stream.entry, metadata, metadata_n: n, metadata_ms: ms };
    for (let claim: OwnStream | null = stream; claim !== null; claim = claim.successor) {
      claim.knownMetadata = metadata;
    }
  }

  /** Fills an empty roster from the directory. Nobody is notified: nobody is here yet. */
  load(entries: readonly RosterEntry[]): void {
    for (const entry of entries) this.#put(toStream(entry, null));
  }

  /**
   * Brings the roster in line with the directory's after events may have been lost. `isHere` says
   * which streams are held by this gateway: of those it knows better than the directory.
   */
  reconcile(
    entries: readonly RosterEntry[],
    ts: string,
    isHere: (stream: LiveStream) => boolean,
  ): void {
    for (const stream of this.#fading.values()) this.#giveUp(stream);
    const present = new Map(entries.map((entry) => [entry.stream_id, entry]));
    for (const stream of [...this.#byStream.values()]) {
      if (present.has(stream.entry.stream_id) || isHere(stream)) continue;
      this.left(stream.entry.stream_id, stream.entry.epoch, null, ts);
    }
    for (const entry of entries) {
      const known = this.#byStream.get(entry.stream_id);
      // The store has forgotten the later claim, which nobody here holds: it is no more.
      const isForgotten = known !== undefined && known.entry.epoch > entry.epoch;
      if (isForgotten && !isHere(known)) this.left(entry.stream_id, known.entry.epoch, null, ts);
      this.#reconcileEntry(entry, Date.parse(ts));
    }
  }

  #reconcileEntry(entry: RosterEntry, nowMs: number): void {
    const known = this.#byStream.get(entry.stream_id);
    const before = known?.entry;
    const stream = this.claimed(entry, before?.joined_at === entry.joined_at);
    if (stream === null) return;
    // How far the old connection had come when it was displaced isn't known here.
    if (known?.successor === stream) this.#giveUp(known);
    const news = entry.metadata_n > (stream.lastN ?? 0) && before !== undefined;
    if (!news || before.metadata === entry.metadata) return;
    const { metadata, metadata_n: n, metadata_ms: ms = nowMs } = entry;
    this.notedMetadata(stream, { metadata, n, ms });
    if (isEarly(stream, ms)) {
      this.#passOver(stream, n);
      this.#announceAgain(stream);
      return;
    }
    this.#notifyGapBefore(stream, n);
    stream.lastN = n;
    stream.lastMs = ms;
    this.#listener.metadataChanged(stream, n, ms);
  }

  #join(entry: RosterEntry): LiveStream {
    const swept = this.#swept.get(entry.stream_id);
    this.#swept.delete(entry.stream_id);
    const lastN = swept?.entry.epoch === entry.epoch ? swept.lastN : this.#passedN(entry);
    // It may have left here first, and been taken over elsewhere before the directory heard of that
    // (§4.6.2).
    const leftMs = this.#leftMs.get(entry.stream_id) ?? 0;
    const lastMs = Math.max(swept?.lastMs ?? 0, leftMs, Date.parse(entry.joined_at));
    const stream = this.#put({ ...toStream(entry, lastN), lastMs });
    this.#listener.streamJoined(stream);
    return stream;
  }

  /** From the log an epoch may have passed before its claim was heard. */
  #passedN({ epoch }: RosterEntry): number {
    return this.#endedN.get(epoch) ?? 0;
  }

  #succeed(before: OwnStream, entry: RosterEntry): LiveStream {
    const { lastMs, knownMetadata } = before;
    const stream = this.#put({ ...toStream(entry, this.#passedN(entry)), lastMs, knownMetadata });
    this.#byEpoch.delete(before.entry.epoch);
    this.#noteEnded(before);
    before.claim = "ended";
    before.successor = stream;
    this.#fading.put(before.entry.epoch, before);
    return stream;
  }

  /** No earlier than what readers here have heard of the stream (§4.6.2). */
  #notifyLeft(stream: LiveStream, ts: string, seq: string | null): void {
    const ms = isEarly(stream, Date.parse(ts)) ? stream.lastMs : Date.parse(ts);
    this.#leftMs.put(stream.entry.stream_id, ms);
    this.#listener.streamLeft(stream, toIso(ms), seq);
  }

  /** The frame is not delivered, which readers are notified of. */
  #passOver(stream: LiveStream, n: number): void {
    const before = formatSeq(stream.entry.epoch, n + 1);
    this.#listener.gap(stream, seqOf(stream), before, "displaced");
    stream.lastN = n;
  }

  /** Its metadata can't be sent as a frame whose time is past: it leaves and joins with it. */
  #announceAgain(stream: LiveStream): void {
    this.#notifyLeft(stream, toIso(stream.lastMs), null);
    this.#listener.streamJoined(stream);
  }

  #put(stream: OwnStream): OwnStream {
    this.#byStream.set(stream.entry.stream_id, stream);
    this.#byEpoch.set(stream.entry.epoch, stream);
    return stream;
  }

  #remove(stream: OwnStream): void {
    this.#byStream.delete(stream.entry.stream_id);
    this.#byEpoch.delete(stream.entry.epoch);
    this.#noteEnded(stream);
    stream.claim = "ended";
  }

  #endFading(stream: LiveStream): void {
    this.#fading.delete(stream.entry.epoch);
    this.#noteEnded(stream);
  }

  /** How far the epoch has passed here. */
  #noteEnded({ entry, lastN }: LiveStream): void {
    this.#endedN.put(entry.epoch, lastN ?? 0);
    const latest = this.#passedEpoch.get(entry.stream_id) ?? 0;
    if (lastN !== 0 && entry.epoch > latest) this.#passedEpoch.put(entry.stream_id, entry.epoch);
  }

  /**
   * The displaced claim of this epoch while no later one has emitted; once one has, the late frames
   * are a gap.
   */
  #notFenced(epoch: number): OwnStream | undefined {
    const stream = this.#fading.get(epoch);
    if (stream === undefined || !hasEmittedSince(stream)) return stream;
    this.#endFading(stream);
    this.#gapToSuccessor(stream, "displaced");
    return undefined;
  }

  /**
   * The stream is about to leave: what is still missing of its earlier claims is notified before
   * that (§5.5).
   */
  #giveUpBefore({ entry }: LiveStream): void {
    for (const stream of [...this.#fading.values()]) {
      if (stream.entry.stream_id !== entry.stream_id) continue;
      this.#endFading(stream);
      this.#gapToSuccessor(stream, "displaced");
    }
  }

  /**
   * The displaced claim's last frames, or its `yielded`, may have been lost: nothing more of it is
   * accepted.
   */
  #giveUp(stream: LiveStream): void {
    this.#endFading(stream);
    this.#gapToSuccessor(stream, "bus_interrupted");
  }

  #gapToSuccessor(stream: LiveStream, reason: GapReason): void {
    const before = formatSeq(latestClaimOf(stream).entry.epoch, 1);
    this.#listener.gap(stream, seqOf(stream), before, reason);
  }

  #notifyGapBefore(stream: LiveStream, n: number): void {
    if (stream.lastN === null || n <= stream.lastN + 1) return;
    this.#listener.gap(stream, seqOf(stream), formatSeq(stream.entry.epoch, n), "bus_interrupted");
  }
}
