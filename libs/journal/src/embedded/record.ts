/** An entry as the bytes of a record: `at`, the lengths of kind and key, kind, key, bytes. */
import type { Entry, Stored } from "../journal.ts";

const HEADER_BYTES = 10;

export function encodeRecord({ kind, key = "", bytes }: Entry, at: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeBigUInt64BE(BigInt(at));
  header.writeUInt8(kind.length, 8);
  header.writeUInt8(key.length, 9);
  return Buffer.concat([header, Buffer.from(kind), Buffer.from(key), bytes]);
}

export function decodeRecord(record: Buffer, seq: number): Stored {
  const kindEnd = HEADER_BYTES + record.readUInt8(8);
  const keyEnd = kindEnd + record.readUInt8(9);
  const key = record.toString("latin1", kindEnd, keyEnd);
  return {
    seq,
    at: Number(record.readBigUInt64BE()),
    kind: record.toString("latin1", HEADER_BYTES, kindEnd),
    ...(key === "" ? {} : { key }),
    bytes: new Uint8Array(record.subarray(keyEnd)),
  };
}
