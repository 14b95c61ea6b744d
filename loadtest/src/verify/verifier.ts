/** Verifies the frames that one subscriber of a load run receives against those that were sent. */
import { type Received, readFrame } from "./frames.ts";
import { readPayload } from "./payload.ts";
import type { Seq } from "./seq.ts";
import { SeqCheck } from "./seq-check.ts";
import type { Tally } from "./tally.ts";

/** How far an emitter's stream goes. */
export type Sent = {
  readonly streamId: string;
  /** The conversation's number in the run. */
  readonly conversation: number;
  readonly last: Seq;
};

export type VerifierOptions = {
  /** What the names of all streams of the run begin with. */
  readonly namePrefix: string;
  readonly payloadBytes: number;
  /** False asked for no tokens, and should receive none. */
  readonly listens: boolean;
  /** It is there before the first token of the run. */
  readonly fromStart: boolean;
  readonly tally: Tally;
  /** Microseconds of the shared clock. */
  readonly now: () => number;
  /** Called with the microseconds from when a token was meant to be sent until it came. */
  readonly onLatency: (latencyUs: number) => void;
};

type Stream = {
  readonly check: SeqCheck;
  /**
   * How far an emitter's index runs ahead of `n`, in an epoch: it stays what it was. Null before
   * the first token.
   */
  lead: { readonly epoch: number; readonly by: number } | null;
};

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #streams = new Map<string, Stream>();
  #ownStreamId: string | null = null;
  #epoch: number | null = null;
  #fromStart: boolean;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#fromStart = options.fromStart;
  }

  /** The own stream and the epoch by which it is held; null before `joined`. */
  get own(): { readonly streamId: string; readonly epoch: number } | null {
    const streamId = this.#ownStreamId;
    return streamId === null || this.#epoch === null ? null : { streamId, epoch: this.#epoch };
  }

  receive(text: string): void {
    this.take(readFrame(text));
  }

  /** Nothing is expected until it hears something again: it has left on purpose. */
  away(): void {
    for (const { check } of this.#streams.values()) check.excuse("away");
    this.#fromStart = false;
    this.#ownStreamId = null;
  }

  /** An edge reported that it dropped events, and not of which streams. */
  truncated(): void {
    this.#options.tally.gapsReported += 1;
    for (const { check } of this.#streams.values()) check.excuse();
  }

  take(frame: Received): void {
    switch (frame.type) {
      case "token":
        this.#token(frame);
        return;
      case "stream_metadata":
        this.#streamOf(frame.streamId, this.#isOurs(frame.streamName)).check.frame(frame.seq);
        return;
      case "joined":
        this.#joined(frame.streamId, frame.epoch);
        return;
      case "stream_left":
        this.#left(frame);
        return;
      case "x_gap":
        this.#streamOf(frame.streamId, true).check.gap(frame.after, frame.before);
        return;
      case "unreadable":
        this.#options.tally.unreadable += 1;
        return;
      case "other":
        return;
    }
  }

  /** How many tokens have not come yet. */
  outstanding(sent: readonly Sent[]): number {
    let count = 0;
    for (const { streamId, last } of sent) {
      if (streamId === this.#ownStreamId) continue;
      count += this.#streams.get(streamId)?.check.outstanding(last) ?? this.#unheard(last);
    }
    return count;
  }

  #unheard(last: Seq): number {
    return this.#fromStart ? last.n : 0;
  }

  /** No more is coming: what is missing counts as lost. */
  settle(sent: readonly Sent[]): void {
    for (const { streamId, last } of sent) {
      if (streamId !== this.#ownStreamId) this.#streamOf(streamId, true).check.end(last);
    }
  }

  #joined(streamId: string, epoch: number): void {
    // A second `joined` is that of another gateway, to which a draining one sent this subscriber
    // (§4.9).
    if (this.#ownStreamId !== null) for (const { check } of this.#streams.values()) check.excuse();
    this.#ownStreamId = streamId;
    this.#epoch = epoch;
  }

  /** With a stream's last seq a lost tail shows (§4.6.3). Most that leave have said nothing. */
  #left({ streamId, streamName, seq }: Extract<Received, { type: "stream_left" }>): void {
    if (seq === null || seq.n === 0 || streamId === this.#ownStreamId) return;
    this.#streamOf(streamId, this.#isOurs(streamName)).check.end(seq);
  }

  #token(frame: Extract<Received, { type: "token" }>): void {
    const { tally, payloadBytes, listens, now, onLatency } = this.#options;
    if (frame.streamId === this.#ownStreamId) {
      tally.selfDelivered += 1;
      return;
    }
    if (!listens) {
      tally.unasked += 1;
      return;
    }
    const isOurs = this.#isOurs(frame.streamName);
    const stream = this.#streamOf(frame.streamId, isOurs);
    const outcome = stream.check.frame(frame.seq);
    if (!isOurs) {
      tally.foreign += 1;
      return;
    }
    if (outcome === "doubled") return;
    tally.received += 1;
    const payload = frame.data.length === payloadBytes ? readPayload(frame.data) : null;
    if (payload === null) {
      tally.altered += 1;
      return;
    }
    onLatency(now() - payload.intendedUs);
    this.#place(stream, frame.seq, payload.index);
  }

  /**
   * An emitter numbers its tokens as the broker does, only from 0. In an epoch that began later,
   * from wherever it is.
   */
  #place(stream: Stream, { epoch, n }: Seq, index: number): void {
    const by = index - (n - 1);
    const first = this.#fromStart ? 0 : by;
    const expected =
      stream.lead === null ? first : stream.lead.epoch === epoch ? stream.lead.by : by;
    if (by !== expected) this.#options.tally.altered += 1;
    stream.lead = { epoch, by };
  }

  #isOurs(streamName: string): boolean {
    return streamName.startsWith(this.#options.namePrefix);
  }

  /** Who is there before the first token of the run: `fromFirst` for its streams. */
  #streamOf(streamId: string, isOurs: boolean): Stream {
    const known = this.#streams.get(streamId);
    if (known !== undefined) return known;
    const stream: Stream = {
      check: new SeqCheck(this.#options.tally, isOurs && this.#fromStart),
      lead: null,
    };
    this.#streams.set(streamId, stream);
    return stream;
  }
}
