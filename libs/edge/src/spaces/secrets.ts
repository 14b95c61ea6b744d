/** Keys of spaces: each made of the service's secret and the conversation, so that none share. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

/** A secret: 64 hex digits. */
const SECRET = /^[0-9a-f]{64}$/;

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Which secret a space was opened under; it says nothing of the secret. */
export function secretId(secret: string): string {
  return createHash("sha256").update(`ams-secret-id\n${secret}`).digest("hex").slice(0, 16);
}

/** Null for what is no list of secrets. */
export function parseSecrets(text: string): readonly string[] | null {
  const secrets = text.split(",").map((one) => one.trim());
  return secrets.every((one) => SECRET.test(one)) ? secrets : null;
}

/** The Ed25519 seed of a space. */
export function spaceSeed(secret: string, service: string, conversationId: string): Uint8Array {
  return derive(secret, `${service}/1/key\n${conversationId}`);
}

/** A text that only this service can open, for this space. */
export function seal(secret: string, service: string, conversationId: string, text: string) {
  const iv = randomBytes(IV_BYTES);
  const key = derive(secret, `${service}/1/seal\n${conversationId}`);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const sealed = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString("base64");
}

/** Null for what was sealed otherwise, or changed. */
export function unseal(
  secret: string,
  service: string,
  conversationId: string,
  sealed: string,
): string | null {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < IV_BYTES + TAG_BYTES) return null;
  const key = derive(secret, `${service}/1/seal\n${conversationId}`);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}

function derive(secret: string, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", Buffer.from(secret, "hex"), "", info, 32));
}
