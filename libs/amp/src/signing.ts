/** Signatures: of messages, of requests between providers, of webhooks, of proofs. */
import {
  createHmac,
  type KeyObject,
  sign as signWith,
  timingSafeEqual,
  verify as verifyWith,
} from "node:crypto";
import { canonicalText, hashOf, readingsOf } from "./canonical.ts";
import type { JsonNode } from "./json-text.ts";
import type { PublicKey } from "./keys.ts";

export type Priority = "urgent" | "high" | "normal" | "low";
export const PRIORITIES: readonly Priority[] = ["urgent", "high", "normal", "low"];

/** What of an envelope is signed, beside the payload. */
export type SignedFields = {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly priority: string;
  readonly in_reply_to: string | null;
};

const ED25519_BYTES = 64;

/** Only the subject may hold a `|`, so the text is unambiguous. */
export function signedText(fields: SignedFields, payloadHash: string): string {
  const { from, to, subject, priority, in_reply_to } = fields;
  return [from, to, subject, priority, in_reply_to ?? "", payloadHash].join("|");
}

export function signMessage(key: KeyObject, fields: SignedFields, payload: JsonNode): string {
  return signText(key, signedText(fields, hashOf(canonicalText(payload))));
}

/**
 * The recipient as it was signed, when one of the readings of the payload verifies for one of
 * `recipients`; null when none does.
 */
export function verifyMessage(
  key: PublicKey,
  { to: _, ...fields }: SignedFields,
  message: { readonly recipients: readonly string[]; readonly payload: JsonNode },
  signature: string,
): string | null {
  if (decodeSignature(key, signature) === null) return null;
  const recipients = [...new Set(message.recipients)];
  const first = hashOf(canonicalText(message.payload));
  const verifies = (hash: string) => (to: string) =>
    verifyText(key, signedText({ ...fields, to }, hash), signature);
  const canonical = recipients.find(verifies(first));
  if (canonical !== undefined) return canonical;
  for (const reading of readingsOf(message.payload).slice(1)) {
    const found = recipients.find(verifies(hashOf(reading)));
    if (found !== undefined) return found;
  }
  return null;
}

export function signText(key: KeyObject, text: string | Buffer): string {
  const algorithm = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return signWith(algorithm, Buffer.from(text), key).toString("base64");
}

/** Ed25519 over the bytes; RSA with SHA-256 and PKCS#1 v1.5; ECDSA with SHA-256 in DER. */
export function verifyText(key: PublicKey, text: string | Buffer, signature: string): boolean {
  const bytes = decodeSignature(key, signature);
  if (bytes === null) return false;
  const algorithm = key.algorithm === "Ed25519" ? null : "sha256";
  return verifyWith(algorithm, Buffer.from(text), key.key, bytes);
}

/** Standard padded base64, and nothing that only decodes to the same. */
function decodeSignature({ algorithm }: PublicKey, signature: string): Buffer | null {
  const bytes = Buffer.from(signature, "base64");
  if (bytes.length === 0 || bytes.toString("base64") !== signature) return null;
  return algorithm === "Ed25519" && bytes.length !== ED25519_BYTES ? null : bytes;
}

/** What a provider signs of a request with a body, and what a webhook's secret signs. */
export function timedBody(timestamp: string, body: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${timestamp}.`), Buffer.from(body)]);
}

/** What a provider signs of a GET; the path is below the base and percent-decoded. */
export function timedGet(timestamp: string, path: string): string {
  return `${timestamp}.GET ${path}`;
}

/** `sha256=<hex>`, as webhooks and mesh hosts are signed. */
export function hmacSignature(secret: string, text: string | Buffer): string {
  return `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
}

export function isHmacSignature(secret: string, text: string | Buffer, given: string): boolean {
  return isSameText(hmacSignature(secret, text), given);
}

/** Compares in constant time; the lengths may differ. */
export function isSameText(a: string, b: string): boolean {
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** What an agent signs to show that it holds the private key of an address. */
export function registrationText(address: string, timestamp_s: number | string): string {
  return `amp-register-v1|${address}|${timestamp_s}`;
}

/** Whether the old key signed the new one, in one of the forms that clients sign. */
export function isRotationProof(
  old: PublicKey,
  next: { readonly received: string; readonly key: PublicKey },
  proof: string,
): boolean {
  const trimmed = next.received.trim();
  const raw = next.key.raw;
  const forms = [next.received, trimmed, `${trimmed}\n`, ...(raw ? [raw.toString("hex")] : [])];
  return [...new Set(forms)].some((form) => verifyText(old, form, proof));
}
