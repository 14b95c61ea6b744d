/** Random texts, and their hashes. */
import { createHash, randomBytes } from "node:crypto";

/** 32 random bytes in base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
