/** Keys of agents elsewhere: the first one seen is kept, and little may replace it. */
import { isFingerprintOf, type PublicKey, parsePublicKey } from "@ams/amp";
import type { Amp } from "../amp.ts";
import { type Refusal, refuse } from "../http/answer.ts";

/** Milliseconds that a key is kept for an address. */
const KEEP_MS = 90 * 86_400_000;

/** Null when the key may speak for the address. */
export async function checkSenderKey(
  amp: Amp,
  domain: string,
  address: string,
  key: PublicKey,
  headers: Headers,
): Promise<Refusal | null> {
  const name = `peerkey:${address}`;
  const kept = await amp.store.read(address, name);
  if (kept === key.fingerprint) {
    await amp.store.write(address, name, kept, KEEP_MS);
    return null;
  }
  const keep = async () => {
    await amp.store.write(address, name, key.fingerprint, KEEP_MS);
    return null;
  };
  if (kept !== null && headers.get("x-amp-key-revoked") === kept) return keep();
  const found = await amp.peers.resolve(domain, address);
  const isSame = found.outcome === "found" && isKeyOf(found.agent, key);
  if (isSame) return keep();
  if (kept === null && found.outcome === "unknown") return keep();
  if (found.outcome === "unknown")
    return refuse(
      "key_conflict",
      "Another key is known for the sender, and its home can't be asked.",
    );
  return refuse("key_mismatch", "The sender's home provider names another key.");
}

function isKeyOf({ public_key, fingerprint }: Readonly<Record<string, unknown>>, key: PublicKey) {
  if (typeof fingerprint === "string" && isFingerprintOf(fingerprint, key)) return true;
  const parsed = typeof public_key === "string" ? parsePublicKey(public_key) : null;
  return parsed?.fingerprint === key.fingerprint;
}
