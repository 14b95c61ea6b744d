/** Signatures as texts, and what is signed and hashed: a tag, then canonical JSON. */
import { ed25519Signer, sha256, verifyEd25519 } from "#crypto";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { canonical } from "./canonical.ts";
import { encodeDidKey } from "./did-key.ts";
import type { PublicKey } from "./keys.ts";

const PREFIX = "ed25519:";

/** Whoever signs: a seed in memory, or a key that is kept elsewhere, such as in a KMS. */
export type Signer = {
  readonly did: string;
  readonly publicKey: Uint8Array;
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
};

/** A signer that answers at once. */
export type SeedSigner = Signer & { readonly signNow: (bytes: Uint8Array) => Uint8Array };

/** 32 bytes of seed (RFC 8032). */
export function signerFromSeed(seed: Uint8Array): SeedSigner {
  if (seed.length !== 32) throw new RangeError("a seed has 32 bytes");
  const { publicKey, sign } = ed25519Signer(seed);
  const did = encodeDidKey(publicKey);
  return { did, publicKey, signNow: sign, sign: async (bytes) => sign(bytes) };
}

/** The bytes of a tag: no JSON text begins with it, and it ends before the canonical JSON. */
export function tagged(service: string, purpose: string, value: unknown): Uint8Array {
  return utf8(`${service}/1/${purpose}\n${canonical(value)}`);
}

export function hashTagged(service: string, purpose: string, value: unknown): string {
  return toHex(sha256(tagged(service, purpose, value)));
}

export function writeSignature(signature: Uint8Array): string {
  return PREFIX + toHex(signature);
}

/** Null for every other text; bare hex only where `bare` says so. */
export function readSignature(
  text: string,
  options: { readonly bare?: boolean } = {},
): Uint8Array | null {
  if (text.startsWith(PREFIX)) return fromHex(text.slice(PREFIX.length), 64);
  return options.bare === true ? fromHex(text, 64) : null;
}

/** Ed25519, pure (RFC 8032): the same answer on a server and in a browser. */
export function verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyEd25519(key.bytes, message, signature);
}
