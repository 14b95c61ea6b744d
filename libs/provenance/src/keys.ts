/** The one way in for public keys: no key is used before it has passed here. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { LRUCache } from "lru-cache";
import { equalBytes, toHex } from "./bytes.ts";

export type KeyFault = "weak_key" | "invalid_key";

export type PublicKeyRead =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly fault: KeyFault };

/** 32 bytes that `readPublicKey` accepted. */
export type PublicKey = {
  readonly bytes: Uint8Array;
  readonly hex: string;
  readonly checked: true;
};

/** Results kept: a check multiplies a point, which takes about a millisecond. */
const RESULTS_KEPT_MAX = 100_000;

const results = new LRUCache<string, PublicKeyRead>({ max: RESULTS_KEPT_MAX });

/**
 * `weak_key` for a point of small or mixed order and for an encoding that is not canonical: some
 * verifiers accept any message under such a key. `invalid_key` for what is no point, or not 32
 * bytes.
 */
export function readPublicKey(bytes: Uint8Array): PublicKeyRead {
  if (bytes.length !== 32) return { ok: false, fault: "invalid_key" };
  const hex = toHex(bytes);
  const kept = results.get(hex);
  if (kept !== undefined) return kept;
  const result = check(bytes.slice(), hex);
  results.set(hex, result);
  return result;
}

function check(bytes: Uint8Array, hex: string): PublicKeyRead {
  let point: InstanceType<typeof ed25519.Point>;
  try {
    // By the rules of ZIP 215, which read encodings that are not canonical too.
    point = ed25519.Point.fromBytes(bytes, true);
  } catch {
    return { ok: false, fault: "invalid_key" };
  }
  const isCanonical = equalBytes(point.toBytes(), bytes);
  if (!isCanonical || point.isSmallOrder() || !point.isTorsionFree())
    return { ok: false, fault: "weak_key" };
  return { ok: true, key: { bytes, hex, checked: true } };
}
