/** The signing key of an account's key, made from its credential on both sides (§2.13.4). */
import { createHmac, createPrivateKey, createPublicKey } from "node:crypto";

const PURPOSE = "ams-signing-key-v1";

/** What precedes the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410 §7), in hex. */
const PKCS8_ED25519 = "302e020100300506032b657004220420";

/**
 * The public half, 32 bytes in base64url: all that is kept, so that a stolen store signs nothing.
 */
export function publicKeyOf(credential: string): string {
  const seed = createHmac("sha256", credential).update(PURPOSE).digest();
  const key = Buffer.concat([Buffer.from(PKCS8_ED25519, "hex"), seed]);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (x === undefined) throw new Error("An Ed25519 key has no x");
  return x;
}
