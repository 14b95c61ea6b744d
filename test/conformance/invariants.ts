/**
 * What must hold for every reader at every moment, checked on each frame that arrives in any test:
 * the schema, the roster (§5.5, §5.6), seq, epoch and ts (§4.6).
 */
import type { ServerFrame } from "@ams/protocol";
import { serverFrame } from "@ams/protocol/schema";

type Seen = { readonly epoch: number; readonly n: number };

export class Invariants {
  /** Stream ids that this reader knows to be there, its own included. */
  readonly roster = new Set<string>();
  /** What was broken, in words. */
  readonly broken: string[] = [];
  readonly #seen = new Map<string, Seen>();
  /** Streams of which frames were lost, so that the next seq may be any later one. */
  readonly #lost = new Set<string>();
  /** Of every live frame of a stream. */
  readonly #times = new Map<string, string>();
  /**
   * Of its tokens and metadata, replayed ones too: `stream_joined` and `stream_left` come at once,
   * also before replayed frames that are older (§7.3.3).
   */
  readonly #tokenTimes = new Map<string, string>();
  #isSummary = false;
  #first = true;

  /** Checks one message; null when it is no frame that this version knows. */
  check(text: string, isBinary: boolean): ServerFrame | null {
    if (isBinary) return this.#fail("§4.1 a binary message arrived");
    const result = serverFrame.safeParse(JSON.parse(text));
    if (!result.success) {
      const known = /"type":"(?!x_)/.test(text);
      return known ? this.#fail(`§4.5 no valid frame: ${text.slice(0, 300)}`) : null;
    }
    const frame = result.data;
    if (this.#first !== (frame.type === "joined")) {
      this.#fail(`§4.5 ${frame.type} where joined is first and only once`);
    }
    this.#first = false;
    this.#follow(frame);
    return frame;
  }

  #follow(frame: ServerFrame): void {
    switch (frame.type) {
      case "joined":
        this.#add(frame.stream_id);
        this.#isSummary = frame.peer_count !== undefined;
        for (const peer of frame.peers) this.#add(peer.stream_id);
        return;
      case "stream_joined":
        if (this.#isSummary) this.#fail("§4.5.4 stream_joined for who asked for a summary");
        this.#add(frame.stream_id);
        this.#time(frame);
        return;
      case "token":
      case "stream_metadata":
        // Of a stream that has left, perhaps (§7.3.3).
        if (frame.replay === undefined) this.#present(frame);
        if (frame.replay === undefined) this.#time(frame);
        this.#time(frame, this.#tokenTimes);
        this.#sequence(frame.stream_id, frame.seq);
        return;
      case "x_assembled":
        this.#sequence(frame.stream_id, frame.from);
        this.#seen.set(frame.stream_id, readSeq(frame.to));
        return;
      case "stream_left":
        if (frame.replay !== undefined || frame.cursor !== undefined) return;
        this.#present(frame);
        this.#time(frame);
        this.#last(frame.stream_id, frame.seq);
        this.roster.delete(frame.stream_id);
        return;
      case "x_gap":
        if (frame.reason !== "not_kept") this.#present(frame);
        this.#lost.add(frame.stream_id);
        return;
      default:
        return;
    }
  }

  #add(id: string): void {
    if (this.roster.has(id)) this.#fail(`§5.6 ${id} is announced a second time`);
    this.roster.add(id);
  }

  #present({ type, stream_id }: { readonly type: string; readonly stream_id: string }): void {
    if (this.#isSummary) return; // Nobody says who is there (§4.5.4).
    if (!this.roster.has(stream_id)) this.#fail(`§5.5 ${type} of ${stream_id}, which is not there`);
  }

  #time(
    { stream_id, ts }: { readonly stream_id: string; readonly ts: string },
    times = this.#times,
  ): void {
    const before = times.get(stream_id) ?? "";
    if (ts < before) this.#fail(`§4.6.2 ts ${ts} after ${before} in ${stream_id}`);
    times.set(stream_id, ts);
  }

  #sequence(id: string, text: string): void {
    const seq = readSeq(text);
    const seen = this.#seen.get(id);
    this.#seen.set(id, seq);
    if (seq.epoch < 1 || seq.n < 1) this.#fail(`§4.6 seq ${text} begins below 1`);
    const isLost = this.#lost.delete(id);
    if (seen === undefined || seq.epoch > seen.epoch) return;
    const next = seq.epoch === seen.epoch && (isLost ? seq.n > seen.n : seq.n === seen.n + 1);
    if (!next) this.#fail(`§4.6 seq ${text} after ${seen.epoch}-${seen.n} in ${id}, without x_gap`);
  }

  #last(id: string, text: string | undefined): void {
    const seen = this.#seen.get(id);
    if (text === undefined || seen === undefined) return;
    const seq = readSeq(text);
    if (this.#lost.delete(id)) return;
    if (seq.epoch === seen.epoch && seq.n !== seen.n) {
      this.#fail(`§4.6.3 ${id} left at ${text}, heard up to ${seen.epoch}-${seen.n}`);
    }
  }

  #fail(what: string): null {
    this.broken.push(what);
    return null;
  }
}

export function readSeq(text: string): Seen {
  const [epoch, n] = text.split("-").map(Number);
  return { epoch: epoch ?? Number.NaN, n: n ?? Number.NaN };
}
