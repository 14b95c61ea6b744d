/** SHA-256 and Ed25519 by Node. Browsers take `crypto-browser`, which answers the same. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { LRUCache } from "lru-cache";

/** DER before the 32 bytes of a key (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** Keys whose parsed form is kept, so that it is not parsed for each signature. */
const KEYS_KEPT_MAX = 10_000;

const publicKeys = new LRUCache<string, KeyObject>({ max: KEYS_KEPT_MAX });

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** `publicKey` has passed `readPublicKey`. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  return verify(null, message, publicKeyObject(publicKey), signature);
}

/** Signs many messages with one key, which is parsed once. */
export function ed25519Signer(seed: Uint8Array): {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
} {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

function publicKeyObject(bytes: Uint8Array): KeyObject {
  const id = Buffer.from(bytes).toString("latin1");
  const kept = publicKeys.get(id);
  if (kept !== undefined) return kept;
  const der = Buffer.concat([SPKI_PREFIX, bytes]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  publicKeys.set(id, key);
  return key;
}
