/**
 * One reader of a conversation, which trusts the notifications of a roster, and the promises that
 * it holds the roster to (§4.7, §5.2, §5.3, §5.5, §5.6). For tests only.
 */
import type { RosterEntry } from "@ams/directory";
import { compareSeq, type JsonText, parseSeq, type Seq, type StreamId } from "@ams/protocol";
import { expect } from "vitest";
import type { LiveStream } from "../conversation/live-stream.ts";
import { Roster, type RosterListener } from "../conversation/roster.ts";
import type { Payload } from "./channel-model.ts";

/** `ends` is how many streams had ended for the reader when the frame was lost. */
type Lost = Seq & { readonly stream: StreamId; readonly ends: number };
type Gap = { readonly stream: StreamId; readonly after: Seq | null; readonly before: Seq | null };

export class ReaderModel implements RosterListener {
  readonly roster = new Roster(this);
  readonly gaps: Gap[] = [];
  /** Frames that it had a right to and did not get. */
  readonly lost: Lost[] = [];
  readonly #present = new Map<StreamId, JsonText>();
  /** The claim under which each stream was first notified: earlier ones don't concern it. */
  readonly #since = new Map<StreamId, number>();
  readonly #seen = new Map<StreamId, Seq[]>();
  readonly #ends: { stream: StreamId; at: Seq | null; epoch: number }[] = [];
  /** The last claim that was made before it came: of these the first seq may be any. */
  #found = 0;
  #deaf: boolean;

  constructor() {
    this.#deaf = false;
  }

  load(entries: readonly RosterEntry[], claims: number): void {
    this.roster.load(entries);
    this.#found = claims;
    for (const entry of entries) this.#present.set(entry.stream_id, entry.metadata);
  }

  /** From now on nothing comes through. */
  lose(): void {
    this.#deaf = true;
  }

  isDeaf(): boolean {
    return this.#deaf;
  }

  back(entries: readonly RosterEntry[]): void {
    this.#deaf = false;
    this.roster.reconcile(entries, "2026-01-31T13:00:00.000Z", () => false);
  }

  take(payload: Payload): void {
    if (payload.kind === "event") {
      if (!this.#deaf) this.#apply(payload.event);
      return;
    }
    const { stream, epoch, n, metadata } = payload;
    const wasPresent = this.#present.has(stream);
    const verdict = this.#deaf ? "deaf" : this.roster.passed(epoch, n);
    if (typeof verdict !== "string") {
      expect(verdict.entry.stream_id).toBe(stream);
      this.#see(stream, { epoch, n });
      if (metadata !== null) {
        this.roster.notedMetadata(verdict, { metadata, n, ms: verdict.lastMs });
        this.#present.set(stream, metadata);
      }
      return;
    }
    const heard = this.#seen.get(stream) ?? [];
    const isHeard = heard.some((seq) => seq.epoch === epoch && seq.n < n);
    const isSince = epoch > this.#found && epoch >= (this.#since.get(stream) ?? 0);
    const isOwed = wasPresent && (isHeard || isSince);
    if (isOwed) this.lost.push({ stream, epoch, n, ends: this.#ends.length });
  }

  /** Whether a loss shows in a gap, in a jump, or in how the stream ended. */
  isShown({ stream, epoch, n, ends }: Lost): boolean {
    const seq = { epoch, n };
    const seen = (this.#seen.get(stream) ?? []).filter((each) => each.epoch === epoch);
    // It came in another form: as metadata from the directory.
    if (seen.some((each) => each.n === n)) return true;
    if (seen.some((each) => each.n < n) && seen.some((each) => each.n > n)) return true;
    const inGap = this.gaps.some(
      (gap) =>
        gap.stream === stream &&
        (gap.after === null || compareSeq(gap.after, seq) < 0) &&
        (gap.before === null || compareSeq(seq, gap.before) < 0),
    );
    return (
      inGap ||
      this.#ends.some((end, index) => {
        if (end.stream !== stream) return false;
        return end.at === null ? index >= ends || end.epoch >= epoch : compareSeq(seq, end.at) <= 0;
      })
    );
  }

  /** The streams that it believes to be there, with their metadata. */
  believes(): readonly (readonly [StreamId, JsonText])[] {
    return [...this.#present].sort();
  }

  streamJoined({ entry }: LiveStream): void {
    expect(this.#present.has(entry.stream_id), "a stream joins that is there").toBe(false);
    this.#present.set(entry.stream_id, entry.metadata);
    this.#since.set(entry.stream_id, entry.epoch);
  }

  streamLeft({ entry }: LiveStream, _ts: string, seq: string | null): void {
    expect(this.#present.delete(entry.stream_id), "a stream leaves that isn't there").toBe(true);
    this.#ends.push({ stream: entry.stream_id, at: seqOf(seq), epoch: entry.epoch });
  }

  metadataChanged({ entry }: LiveStream, n: number): void {
    this.#see(entry.stream_id, { epoch: entry.epoch, n });
    this.#present.set(entry.stream_id, entry.metadata);
  }

  gap({ entry }: LiveStream, after: string | null, before: string | null): void {
    this.gaps.push({ stream: entry.stream_id, after: seqOf(after), before: seqOf(before) });
  }

  #apply(event: Extract<Payload, { kind: "event" }>["event"]): void {
    if (event.kind === "claimed") this.roster.claimed(event.entry, event.displaced !== null);
    else if (event.kind === "left") {
      this.roster.left(event.stream_id, event.epoch, event.n, event.ts);
    } else if (event.kind === "yielded") this.roster.yielded(event.epoch, event.n);
    else if (event.kind === "tail") this.roster.tail(event.epoch, event.n);
  }

  #see(stream: StreamId, seq: Seq): void {
    expect(this.#present.has(stream), "§5.5 a frame of a stream that isn't there").toBe(true);
    const seen = this.#seen.get(stream) ?? [];
    const last = seen.at(-1);
    if (last !== undefined) {
      expect(
        compareSeq(last, seq),
        "§5.2, §5.3, §3.5.1 a seq that isn't behind the last",
      ).toBeLessThan(0);
    }
    this.#seen.set(stream, [...seen, seq]);
  }
}

function seqOf(text: string | null): Seq | null {
  return text === null ? null : parseSeq(text);
}
