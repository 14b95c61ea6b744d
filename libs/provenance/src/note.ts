/**
 * Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note): a text that says how large a
 * log is and what its root is, and lines of signatures below it.
 */
import { sha256 } from "#crypto";
import { concat, equalBytes, fromBase64, toBase64, toHex, utf8 } from "./bytes.ts";
import type { PublicKey } from "./keys.ts";
import { verify } from "./sign.ts";

/** The algorithm byte of an Ed25519 key of a note. */
const ED25519 = Uint8Array.of(0x01);
const LF = Uint8Array.of(0x0a);

/** Bytes of a note, and its signature lines: more is no checkpoint. */
const NOTE_BYTES_MAX = 65_536;
const SIGNATURES_MAX = 100;

const NAME = /^[^\s+]+$/;
const SIZE = /^(?:0|[1-9]\d{0,15})$/;

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
};

export type NoteSignature = {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
};

export type SignedCheckpoint = Checkpoint & {
  /** What is signed: up to and with the end of the last line before the empty one. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
};

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Four bytes that say which key signed. */
export function noteKeyId(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(utf8(name), LF, ED25519, publicKey).slice(0, 4);
}

/** The key as tools of notes take it: `<name>+<key id>+<base64>`. */
export function noteVerifierKey(name: string, publicKey: Uint8Array): string {
  const id = toHex(noteKeyId(name, publicKey));
  return `${name}+${id}+${toBase64(concat(ED25519, publicKey))}`;
}

/** `signature` is the origin's own over `checkpointText`. */
export function writeCheckpoint(
  checkpoint: Checkpoint,
  publicKey: Uint8Array,
  signature: Uint8Array,
): string {
  const { origin } = checkpoint;
  const keyId = noteKeyId(origin, publicKey);
  return `${checkpointText(checkpoint)}\n${signatureLine({ name: origin, keyId, signature })}`;
}

/** A line of a note, with its end. */
export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${toBase64(concat(keyId, signature))}\n`;
}

/** Null for what is no checkpoint. Whether anybody signed it is `isSignedBy`'s to say. */
export function readCheckpoint(note: string): SignedCheckpoint | null {
  if (note.length > NOTE_BYTES_MAX || !note.endsWith("\n")) return null;
  const end = note.lastIndexOf("\n\n");
  if (end === -1) return null;
  const text = note.slice(0, end + 1);
  const [origin = "", size = "", root = ""] = text.split("\n");
  const rootBytes = fromBase64(root);
  if (!NAME.test(origin) || !SIZE.test(size) || rootBytes?.length !== 32) return null;
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) return null;
  const signatures = lines.map(readSignatureLine);
  if (signatures.some((one) => one === null)) return null;
  return {
    origin,
    size: Number(size),
    root: rootBytes,
    text,
    signatures: signatures.filter((one) => one !== null),
  };
}

/** True when one of its lines is of this key, and none of this key is wrong. */
export function isSignedBy(note: SignedCheckpoint, name: string, key: PublicKey): boolean {
  const keyId = noteKeyId(name, key.bytes);
  const own = note.signatures.filter((line) => line.name === name && equalBytes(line.keyId, keyId));
  return own.length > 0 && own.every((line) => verify(key, utf8(note.text), line.signature));
}

function readSignatureLine(line: string): NoteSignature | null {
  const [dash, name = "", base64 = "", ...rest] = line.split(" ");
  const bytes = fromBase64(base64);
  if (dash !== "—" || rest.length > 0 || !NAME.test(name)) return null;
  if (bytes === null || bytes.length < 5) return null;
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}
