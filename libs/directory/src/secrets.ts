/**
 * Secrets and the ids made from them (§1.3, §1.6). Only hashes are ever stored: HMAC-SHA-256 under
 * a pepper that lives in the configuration and not in the store, so that a stolen store opens
 * nothing.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { AccountId, ConversationId, StreamId, StreamName } from "@ams/protocol";

/**
 * The first pepper writes; all of them verify, so that a new one can be brought in. Each at least
 * 32 bytes.
 */
export type PepperList = readonly [string, ...string[]];

export type Peppers = { readonly credential: PepperList; readonly link: PepperList };

export function hash(pepper: string, text: string): string {
  return createHmac("sha256", pepper).update(text).digest("hex");
}

/** The text's hash under each live pepper, the writing one first. */
export function hashes(peppers: PepperList, text: string): readonly string[] {
  return peppers.map((pepper) => hash(pepper, text));
}

/** True when `stored` is the hash of this secret under one of the peppers. */
export function matches(peppers: PepperList, secret: string, stored: string): boolean {
  return equalsAny(hashes(peppers, secret), stored);
}

/** True when `stored` is one of these hashes; takes the same time either way. */
export function equalsAny(candidates: readonly string[], stored: string): boolean {
  const expected = Buffer.from(stored, "hex");
  let found = false;
  for (const candidate of candidates) {
    const bytes = Buffer.from(candidate, "hex");
    if (bytes.length === expected.length && timingSafeEqual(bytes, expected)) found = true;
  }
  return found;
}

export function newCredential(): string {
  return `ams_sk_${randomBytes(32).toString("base64url")}`;
}

/** An operator's key (PROTOCOL §11.1). */
export function newOperatorKey(): string {
  return `ams_op_${randomBytes(32).toString("base64url")}`;
}

export function newLinkToken(): string {
  return randomBytes(32).toString("base64url");
}

/** The same conversation, account and name always give the same id. */
export function streamIdOf(
  peppers: Peppers,
  conversation: ConversationId,
  account: AccountId,
  name: StreamName,
): StreamId {
  const digest = hash(peppers.link[0], `stream|${conversation}|${account}|${name}`);
  return `str_${digest.slice(0, 26)}` as StreamId;
}

/** The account that all guests of this link share. */
export function guestAccountOf(peppers: Peppers, linkToken: string): AccountId {
  return `acc_anon_${hash(peppers.link[0], `anon-account|${linkToken}`).slice(0, 26)}` as AccountId;
}

/** A name for a stream whose client gave none: `stream-` + 8 base64url characters. */
export function newStreamName(): StreamName {
  return `stream-${randomBytes(6).toString("base64url")}` as StreamName;
}
