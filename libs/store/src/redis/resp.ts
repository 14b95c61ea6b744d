/**
 * What a Redis server says on a connection that subscribes, as RESP2: bytes in any pieces in, whole
 * replies out. Work is linear in the bytes: a reply that is longer than what has come is looked at
 * again only when enough has come.
 */

/** Bytes of one string, as Redis itself limits them (`proto-max-bulk-len`). */
const BULK_BYTES_MAX = 536_870_912;

/** Elements of one reply: a subscribing connection is sent three at most. */
const ELEMENTS_MAX = 64;

/** Bytes of a line: lengths, numbers, status and error texts. */
const LINE_BYTES_MAX = 65_536;

const CARRIAGE_RETURN = 0x0d;

export type RespError = { readonly error: string };
export type RespValue = string | number | Buffer | null | RespError;
export type Reply = RespValue | readonly RespValue[];

/** What doesn't read as RESP2: the connection is of no more use. */
export class RespFault extends Error {}

/** A value and where the next one begins, or how many bytes are missing at least. */
type Parsed<Value> =
  | { readonly value: Value; readonly next: number }
  | { readonly missing: number };

export class RespReader {
  readonly #onReply: (reply: Reply) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes that must be there before it is worth looking. */
  #needed = 1;

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /** Takes what has come; throws `RespFault`. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = 1;
    while (at < bytes.length) {
      const parsed = parseReply(bytes, at);
      if ("missing" in parsed) {
        this.#needed = bytes.length - at + parsed.missing;
        break;
      }
      at = parsed.next;
      this.#onReply(parsed.value);
    }
    this.#bytes = bytes.length - at;
    this.#chunks = this.#bytes === 0 ? [] : [bytes.subarray(at)];
  }
}

/** A command as an array of strings. */
export function encodeCommand(parts: readonly string[]): string {
  const strings = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${strings.join("")}`;
}

function parseReply(bytes: Buffer, at: number): Parsed<Reply> {
  if (bytes[at] !== 0x2a) return parseValue(bytes, at); // *
  const header = parseNumber(bytes, at, ELEMENTS_MAX);
  if ("missing" in header) return header;
  const values: RespValue[] = [];
  let next = header.next;
  for (let index = 0; index < header.value; index += 1) {
    const element = parseValue(bytes, next);
    if ("missing" in element) return element;
    values.push(element.value);
    next = element.next;
  }
  return { value: values, next };
}

function parseValue(bytes: Buffer, at: number): Parsed<RespValue> {
  switch (bytes[at]) {
    case undefined:
      return { missing: 1 };
    case 0x24: // $
      return parseBulk(bytes, at);
    case 0x3a: // :
      return parseNumber(bytes, at, Number.MAX_SAFE_INTEGER);
    case 0x2b: // +
      return parseLine(bytes, at);
    case 0x2d: {
      // -
      const line = parseLine(bytes, at);
      return "missing" in line ? line : { value: { error: line.value }, next: line.next };
    }
    default:
      throw new RespFault("an unknown type of reply");
  }
}

function parseBulk(bytes: Buffer, at: number): Parsed<Buffer | null> {
  const header = parseNumber(bytes, at, BULK_BYTES_MAX);
  if ("missing" in header) return header;
  if (header.value < 0) return { value: null, next: header.next };
  const end = header.next + header.value;
  if (end + 2 > bytes.length) return { missing: end + 2 - bytes.length };
  return { value: bytes.subarray(header.next, end), next: end + 2 };
}

function parseNumber(bytes: Buffer, at: number, max: number): Parsed<number> {
  const line = parseLine(bytes, at);
  if ("missing" in line) return line;
  const value = Number(line.value);
  if (!Number.isSafeInteger(value) || value > max) throw new RespFault("a number out of range");
  return { value, next: line.next };
}

function parseLine(bytes: Buffer, at: number): Parsed<string> {
  const end = bytes.indexOf(CARRIAGE_RETURN, at);
  if (end === -1 || end + 1 >= bytes.length) {
    if (bytes.length - at > LINE_BYTES_MAX) throw new RespFault("a line that is too long");
    return { missing: 1 };
  }
  return { value: bytes.toString("latin1", at + 1, end), next: end + 2 };
}
