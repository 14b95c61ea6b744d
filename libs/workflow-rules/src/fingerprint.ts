/** Fingerprints and leaves (W3): what a sender had seen, as one hash. */
import { concat, fromHex, leafHash, sha256, tagged, toHex, u16, u64, utf8 } from "@ams/provenance";
import type { Header } from "./header.ts";
import { SERVICE } from "./words.ts";

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

type Written = { readonly bytes: Uint8Array; readonly hash: string };

/** A header never changes, and is asked for several times on its way: it is written once. */
const written = new WeakMap<Header, Written>();

function write(header: Header): Written {
  const known = written.get(header);
  if (known !== undefined) return known;
  const bytes = tagged(SERVICE, "msg", header);
  const made = { bytes, hash: toHex(sha256(bytes)) };
  written.set(header, made);
  return made;
}

/** What is signed: the header under its tag. */
export function signedBytes(header: Header): Uint8Array {
  return write(header).bytes;
}

/** What names a message everywhere. */
export function messageHash(header: Header): string {
  return write(header).hash;
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
