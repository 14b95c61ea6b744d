/** did:key with an Ed25519 key. Such an identity can't change its key. */
import { base58 } from "@scure/base";
import { concat } from "./bytes.ts";
import { parseDid } from "./did.ts";
import { type PublicKeyRead, readPublicKey } from "./keys.ts";

/** The multicodec of an Ed25519 public key. */
const ED25519 = Uint8Array.of(0xed, 0x01);

/** Characters of base58 that 34 bytes take at most: longer ones are not decoded. */
const KEY_CHARACTERS_MAX = 48;

/** `z` and base58btc of multicodec and key. */
export function encodeMultibaseKey(publicKey: Uint8Array): string {
  return `z${base58.encode(concat(ED25519, publicKey))}`;
}

export function decodeMultibaseKey(text: string): PublicKeyRead {
  const bytes = decodeBase58(text);
  if (bytes === null || bytes.length !== 34) return { ok: false, fault: "invalid_key" };
  if (bytes[0] !== ED25519[0] || bytes[1] !== ED25519[1])
    return { ok: false, fault: "invalid_key" };
  return readPublicKey(bytes.subarray(2));
}

export function encodeDidKey(publicKey: Uint8Array): string {
  return `did:key:${encodeMultibaseKey(publicKey)}`;
}

/** The key that the DID is; a fragment, where there is one, repeats the key. */
export function resolveDidKey(text: string): PublicKeyRead {
  const did = parseDid(text);
  if (did === null || did.method !== "key" || did.path !== "")
    return { ok: false, fault: "invalid_key" };
  if (did.fragment !== null && did.fragment !== did.id) return { ok: false, fault: "invalid_key" };
  return decodeMultibaseKey(did.id);
}

function decodeBase58(text: string): Uint8Array | null {
  if (!text.startsWith("z") || text.length > KEY_CHARACTERS_MAX + 1) return null;
  try {
    return base58.decode(text.slice(1));
  } catch {
    return null;
  }
}
