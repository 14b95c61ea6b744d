/**
 * Checks what one connection heard, frame after frame, against the rules of delivery (§5) and
 * against the truth.
 */
import type { Connection, Heard, HeardFrame } from "./connection.ts";
import type { ConversationTruth, EpochTruth } from "./truth.ts";
import type { Violation, ViolationKind } from "./violation.ts";

/** One place in a stream as one number: epochs first. */
const PLACES_PER_EPOCH = 1_000_000;

type Known = {
  /** The place of the latest frame heard, 0 before the first. */
  place: number;
  tsMs: number;
  readonly heard: Set<number>;
  /** What the reader knows that it lost: places between the two, both excluded. */
  readonly lost: { readonly after: number; readonly before: number }[];
  /** Simulated ms from and to which the stream was in the reader's roster. */
  readonly present: { readonly fromMs: number; toMs: number }[];
};

export class ReaderCheck {
  readonly #connection: Connection;
  readonly #truth: ConversationTruth;
  readonly #contents: Map<string, string>;
  readonly #streams = new Map<string, Known>();
  /** Streams that the reader knows to be there. */
  readonly roster = new Set<string>();
  readonly violations: Violation[] = [];
  #at = 0;

  /** `contents`: what each seq of the conversation holds, as some reader heard it. */
  constructor(connection: Connection, contents: Map<string, string>) {
    this.#connection = connection;
    this.#truth = connection.deps.truth;
    this.#contents = contents;
  }

  /** Looks at what was heard since the last time. */
  look(): void {
    const { log } = this.#connection;
    for (; this.#at < log.length; this.#at += 1) {
      const heard = log[this.#at];
      if (heard !== undefined) this.#frame(heard);
    }
  }

  #found(kind: ViolationKind, what: string): void {
    const { number, client } = this.#connection.deps;
    const known = this.violations.some((one) => one.kind === kind && one.what.endsWith(what));
    if (!known)
      this.violations.push({
        kind,
        what: `c${number} (client ${client}): ${what}`,
        connection: number,
      });
  }

  #known(stream: string): Known {
    const known = this.#streams.get(stream) ?? {
      place: 0,
      tsMs: 0,
      heard: new Set<number>(),
      lost: [],
      present: [],
    };
    this.#streams.set(stream, known);
    return known;
  }

  #joins(stream: string, atMs: number): void {
    this.roster.add(stream);
    this.#known(stream).present.push({ fromMs: atMs, toMs: Number.POSITIVE_INFINITY });
  }

  #frame({ frame, atMs }: Heard): void {
    const stream = frame.stream_id ?? "";
    switch (frame.type) {
      case "joined":
        for (const peer of frame.peers ?? []) this.#joins(peer.stream_id, atMs);
        this.#joins(stream, atMs);
        return;
      case "stream_joined":
        if (this.roster.has(stream)) this.#found("joined_twice", stream);
        else this.#joins(stream, atMs);
        this.#time(this.#known(stream), frame);
        return;
      case "stream_left":
        if (!this.roster.delete(stream)) this.#found("left_unknown", stream);
        for (const present of this.#known(stream).present.slice(-1)) present.toMs = atMs;
        this.#time(this.#known(stream), frame);
        this.#left(this.#known(stream), frame);
        return;
      case "x_gap":
        this.#gap(stream, frame);
        return;
      case "token":
      case "stream_metadata":
        this.#emitted(stream, frame);
        return;
      case "x_receipt":
        if (!this.#truth.published.has(frame.seq ?? ""))
          this.#found("false_receipt", frame.seq ?? "");
        return;
      default:
        return;
    }
  }

  #emitted(stream: string, frame: HeardFrame): void {
    const seq = frame.seq ?? "";
    const place = placeOf(seq);
    const known = this.#known(stream);
    const { self } = this.#connection.deps.terms;
    const isOwn = stream === this.#connection.stream;
    if (!this.roster.has(stream)) this.#found("outside_roster", `${stream} ${seq}`);
    if (isOwn && !self) this.#found("echo", seq);
    if (place <= known.place) this.#found("order", `${stream} ${seq} after ${seqOf(known.place)}`);
    known.place = Math.max(known.place, place);
    known.heard.add(place);
    this.#time(known, frame);
    this.#text(seq, frame);
  }

  #time(known: Known, frame: HeardFrame): void {
    const tsMs = Date.parse(frame.ts ?? "");
    if (tsMs < known.tsMs)
      this.#found("time_backwards", `${frame.type} ${frame.stream_id} ${frame.seq ?? ""}`);
    known.tsMs = Math.max(known.tsMs, tsMs);
  }

  /**
   * The text says whose it is: conversation, connection, and its number among what that one said.
   */
  #text(seq: string, frame: HeardFrame): void {
    const text = String(frame.data ?? frame.metadata?.m ?? "");
    const content = `${text} ${frame.ts}`;
    const other = this.#contents.get(seq);
    if (other !== undefined && other !== content)
      this.#found("uneven", `${seq}: ${content} and ${other}`);
    this.#contents.set(seq, content);
    if (text === "") return; // Metadata that its stream had before, sent again to all who are here.
    const [conversation, connection] = text.split("/").map(Number);
    if (conversation !== this.#connection.deps.conversation) this.#found("foreign", text);
    const holder = this.#truth.epochs.get(epochOf(seq));
    if (holder === undefined || frame.type !== "token") return;
    if (holder.connection !== connection || holder.stream !== frame.stream_id)
      this.#found("wrong_text", `${seq}: ${text}, of connection ${holder.connection}`);
  }

  #gap(stream: string, { after, before }: HeardFrame): void {
    if (!this.roster.has(stream)) this.#found("outside_roster", `gap of ${stream}`);
    const known = this.#known(stream);
    const isOwn = stream === this.#connection.stream && !this.#connection.deps.terms.self;
    if (isOwn) this.#found("own_gap", `${after} to ${before}`);
    known.lost.push({
      after: after == null ? 0 : placeOf(after),
      before: before == null ? Number.POSITIVE_INFINITY : placeOf(before),
    });
  }

  #left(known: Known, { seq }: HeardFrame): void {
    // Without a seq the end is unknown; with one the reader sees for itself what it misses.
    const endOfEpoch = (Math.floor(known.place / PLACES_PER_EPOCH) + 1) * PLACES_PER_EPOCH;
    const before = seq === undefined ? Number.POSITIVE_INFINITY : placeOf(seq) + 1;
    const after = seq === undefined ? known.place : Math.max(known.place, startOf(seq));
    if (seq === undefined) known.lost.push({ after, before: Math.max(endOfEpoch, this.#lastOf()) });
    else known.lost.push({ after, before });
  }

  /** Behind all epochs that are known at present. */
  #lastOf(): number {
    let last = 0;
    for (const epoch of this.#truth.epochs.keys()) last = Math.max(last, epoch);
    return (last + 1) * PLACES_PER_EPOCH;
  }

  /**
   * Frames that it had to hear and has no notice of. Of a connection that has ended: up to the last
   * frame that it heard.
   */
  looseEnds(): void {
    const connection = this.#connection;
    const { joined } = connection;
    const { selective } = connection.deps.terms;
    if (joined === null || selective) return;
    for (const [epoch, truth] of this.#truth.epochs) {
      if (truth.stream === connection.stream) continue;
      const known = this.#known(truth.stream);
      const first = Math.min(Number.POSITIVE_INFINITY, ...known.heard);
      truth.takenAtMs.forEach((takenAtMs, index) => {
        const n = index + 1;
        const place = epoch * PLACES_PER_EPOCH + n;
        if (known.heard.has(place) || !isDue(known, truth, takenAtMs, joined.atMs)) return;
        if (truth.crashed && n > truth.published) return;
        if (!connection.isOpen && place > known.place) return;
        // Taken up after the reader had gone, of a stream that was taken over before.
        if (takenAtMs > (connection.endedAtMs ?? Number.POSITIVE_INFINITY)) return;
        if (known.lost.some(({ after, before }) => after < place && place < before)) return;
        const kind = place < first ? "unheard_loss" : "silent_loss";
        this.#found(kind, `${truth.stream} epoch ${epoch}`);
      });
    }
  }
}

/**
 * Whether a reader had to hear what was taken at this time: the stream was in its roster then, or
 * came into it by the very claim that the frame belongs to.
 */
function isDue(
  known: Known,
  { joinedAtMs }: EpochTruth,
  takenAtMs: number,
  readerJoinedAtMs: number,
): boolean {
  return known.present.some(({ fromMs, toMs }, index) => {
    if (fromMs <= takenAtMs && takenAtMs <= toMs) return true;
    const beforeMs = known.present[index - 1]?.toMs ?? readerJoinedAtMs;
    return takenAtMs < fromMs && joinedAtMs > beforeMs;
  });
}

function placeOf(seq: string): number {
  const [epoch = 0, n = 0] = seq.split("-").map(Number);
  return epoch * PLACES_PER_EPOCH + n;
}

function startOf(seq: string): number {
  return epochOf(seq) * PLACES_PER_EPOCH;
}

function epochOf(seq: string): number {
  return Number.parseInt(seq, 10);
}

function seqOf(place: number): string {
  return `${Math.floor(place / PLACES_PER_EPOCH)}-${place % PLACES_PER_EPOCH}`;
}
