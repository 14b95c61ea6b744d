/** SHA-256 and Ed25519 without Node. It answers what `crypto-node` answers. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = hash.create();
  for (const part of parts) whole.update(part);
  return whole.digest();
}

/**
 * `publicKey` has passed `readPublicKey`. The library checks the equation times 8, Node checks it
 * as it is: they differ on an R with a part of small order, which is refused here.
 */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  try {
    if (!ed25519.verify(signature, message, publicKey, { zip215: false })) return false;
    return ed25519.Point.fromBytes(signature.subarray(0, 32), false).isTorsionFree();
  } catch {
    return false;
  }
}

export function ed25519Signer(seed: Uint8Array): {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
} {
  const own = seed.slice();
  return {
    publicKey: ed25519.getPublicKey(own),
    sign: (message) => ed25519.sign(message, own),
  };
}
