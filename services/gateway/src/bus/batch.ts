/**
 * The form in which frames travel between gateways: the frames of one conversation that one gateway
 * emitted in one turn of its event loop, behind each other.
 *
 *   header  version u8 = 1 · origin 8 bytes · time of the first frame f64, Unix ms
 *   entry   epoch u32 · n u32 high, u32 low · kind u8 · bytes u32 · frame
 *
 * The version is no `{`, by which a batch is distinguished from an event. All numbers are
 * big-endian. An entry names its stream by the epoch alone: it is unique in the conversation, and a
 * frame of an epoch that nobody holds any more is thereby fenced off.
 */

export const BATCH_VERSION = 1;

/** Bytes of the header, and of what precedes each frame. */
const HEADER_BYTES = 17;
const ENTRY_BYTES = 17;

/** Bytes of a batch buffer to begin with: a handful of short tokens. */
const INITIAL_BYTES = 2_048;

/**
 * Bytes at which a batch is sent without waiting for the end of the turn, so that no subscriber
 * waits for a megabyte.
 */
export const BATCH_BYTES_MAX = 65_536;

/**
 * Bytes that a batch begins with at most: one that is sent because it is full, and the frame that
 * filled it.
 */
const EXPECTED_BYTES_MAX = BATCH_BYTES_MAX + 8_192;

const U32 = 0x1_0000_0000;

/** `stream_left` is for the log alone: live readers are notified of a leave by its event. */
export type FrameKind = "token" | "stream_metadata" | "stream_left";

/** Their numbers in an entry. */
const KINDS: readonly FrameKind[] = ["token", "stream_metadata", "stream_left"];
const KIND_TOKEN = 0;

/** A batch that is being filled. */
export class BatchWriter {
  readonly #origin: Uint8Array;
  #buffer: Buffer | null = null;
  #length = 0;
  /** Bytes that the next batch begins with. */
  #expected = 0;

  constructor(origin: Uint8Array) {
    this.#origin = origin;
  }

  get bytes(): number {
    return this.#length;
  }

  /**
   * Reserves space for one frame of exactly `bytes` and returns where it is to be written. The
   * place is the batch's own, good until the batch is taken.
   */
  append(epoch: number, n: number, kind: FrameKind, bytes: number): Buffer {
    const buffer = this.#withSpaceFor(ENTRY_BYTES + bytes);
    const at = this.#length;
    writeU32(buffer, at, epoch);
    writeU32(buffer, at + 4, Math.floor(n / U32));
    writeU32(buffer, at + 8, n);
    buffer[at + 12] = kind === "token" ? KIND_TOKEN : KINDS.indexOf(kind);
    writeU32(buffer, at + 13, bytes);
    this.#length = at + ENTRY_BYTES + bytes;
    return buffer.subarray(at + ENTRY_BYTES, this.#length);
  }

  /** The batch as it is, null when it is empty; the writer begins a new one. */
  take(): Buffer | null {
    if (this.#buffer === null) return null;
    const taken = this.#buffer.subarray(0, this.#length);
    // The next one begins as large as this one was: what is busy stays so for a while, and growing
    // means copying.
    this.#expected = Math.min(this.#length, EXPECTED_BYTES_MAX);
    this.#buffer = null;
    this.#length = 0;
    return taken;
  }

  #withSpaceFor(bytes: number): Buffer {
    if (this.#buffer === null) {
      this.#buffer = Buffer.allocUnsafe(
        Math.max(INITIAL_BYTES, this.#expected, HEADER_BYTES + bytes),
      );
      this.#buffer[0] = BATCH_VERSION;
      this.#buffer.set(this.#origin, 1);
      this.#buffer.writeDoubleBE(performance.timeOrigin + performance.now(), 9);
      this.#length = HEADER_BYTES;
    } else if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/**
 * The lowest 32 bits, big-endian. The library's own `writeUInt32BE` looks at ranges that are known
 * here.
 */
function writeU32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

/**
 * True when this payload is a batch of another gateway than `origin`; what is too short to be one
 * is nobody's.
 */
export function isForeignBatch(payload: Buffer, origin: Uint8Array): boolean {
  if (payload.length < HEADER_BYTES) return false;
  return payload.compare(origin, 0, origin.length, 1, 1 + origin.length) !== 0;
}

/** When the first frame of the batch was emitted, Unix ms by its gateway's clock. */
export function batchTimeMs(batch: Buffer): number {
  return batch.readDoubleBE(9);
}

/**
 * Calls `visit` for each frame, in order. The frame is a view of the batch. Returns false at the
 * first byte that doesn't fit.
 */
export function walkBatch(
  batch: Buffer,
  visit: (epoch: number, n: number, kind: FrameKind, frame: Buffer) => void,
): boolean {
  let at = HEADER_BYTES;
  while (at + ENTRY_BYTES <= batch.length) {
    const end = at + ENTRY_BYTES + batch.readUInt32BE(at + 13);
    if (end > batch.length) return false;
    const n = batch.readUInt32BE(at + 4) * U32 + batch.readUInt32BE(at + 8);
    if (!Number.isSafeInteger(n)) return false;
    const kind = KINDS[batch[at + 12] ?? KIND_TOKEN];
    // A kind of a later version is passed over.
    if (kind !== undefined)
      visit(batch.readUInt32BE(at), n, kind, batch.subarray(at + ENTRY_BYTES, end));
    at = end;
  }
  return at === batch.length;
}
