/** Kept tokens put together: those of an epoch that follow each other, in few frames (§7.3.4). */
import {
  encodeAssembled,
  formatSeq,
  type JsonText,
  type StreamId,
  type StreamName,
} from "@ams/protocol";
import { dataOf, streamIdOf, streamNameOf } from "./kept-frame.ts";

/** Bytes of tokens in one frame: with its other members, and one token more, under 1 MiB. */
const ASSEMBLED_BYTES_MAX = 524_288;

/** Bytes of all that wait to be sent: then all are. */
const WAITING_BYTES_MAX = 1_048_576;

type Part = {
  readonly stream_id: StreamId;
  readonly stream_name: StreamName;
  readonly from: number;
  to: number;
  bytes: number;
  readonly data: JsonText[];
};

export class Assembly {
  readonly #parts = new Map<number, Part>();
  #bytes = 0;

  /** Adds a token that follows the last one of its epoch; replies what is to be sent now. */
  add(epoch: number, n: number, frame: Buffer): readonly string[] {
    const data = dataOf(frame);
    const known = this.#parts.get(epoch);
    const full = known !== undefined && known.bytes + frame.length > ASSEMBLED_BYTES_MAX;
    const sent = full ? this.flush(epoch) : [];
    const part = this.#parts.get(epoch) ?? {
      stream_id: streamIdOf(frame, "token"),
      stream_name: streamNameOf(frame, "token"),
      from: n,
      to: n,
      bytes: 0,
      data: [],
    };
    this.#parts.set(epoch, part);
    part.data.push(data);
    part.to = n;
    part.bytes += frame.length;
    this.#bytes += frame.length;
    return this.#bytes > WAITING_BYTES_MAX ? [...sent, ...this.flush()] : sent;
  }

  /** What waits, of one epoch or of all. */
  flush(epoch?: number): readonly string[] {
    const epochs = epoch === undefined ? [...this.#parts.keys()] : [epoch];
    return epochs.flatMap((one) => {
      const part = this.#parts.get(one);
      if (part === undefined) return [];
      this.#parts.delete(one);
      this.#bytes -= part.bytes;
      const { stream_id, stream_name, from, to, data } = part;
      const [first, last] = [formatSeq(one, from), formatSeq(one, to)];
      return [encodeAssembled({ stream_id, stream_name, from: first, to: last, data })];
    });
  }
}
