/** Fingerprints and leaves (W3): what a sender had seen, as one hash. */
import { concat, fromHex, leafHash, sha256, toHex, u16, u64, utf8 } from "@ams/provenance";
import type { Header } from "./header.ts";
import { hash, SERVICE } from "./words.ts";

export type Seen = {
  readonly conversationId: string;
  readonly size: number;
  readonly root: string;
  /** The first parent, or 64 zeros. */
  readonly prev: string;
  readonly did: string;
  readonly state: string;
};

export function fingerprint({ conversationId, size, root, prev, did, state }: Seen): string {
  const id = utf8(conversationId);
  const parts = [
    utf8(`${SERVICE}/1/fp\n`),
    u16(id.length),
    id,
    u64(size),
    bytesOf(root),
    bytesOf(prev),
    sha256(utf8(did)),
    bytesOf(state),
  ];
  return toHex(sha256(concat(...parts)));
}

/** What names a message everywhere. */
export function messageHash(header: Header): string {
  return hash("msg", header);
}

/** 40 bytes: the message's hash and the journal's time. */
export function leafData(msg: string, at: number): Uint8Array {
  return concat(bytesOf(msg), u64(at));
}

export function leafOf(msg: string, at: number): Uint8Array {
  return leafHash(leafData(msg, at));
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex, 32);
  if (bytes === null) throw new RangeError("not 64 hex digits");
  return bytes;
}
