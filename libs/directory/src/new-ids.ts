/**
 * Ids of new things: ULIDs, which rise with time, and with each one made in the same millisecond by
 * one process.
 */
import { createHash, randomBytes } from "node:crypto";
import type { AccountId, ConversationId, Namespace } from "@ams/protocol";
import { monotonicFactory } from "ulid";

const nextUlid = monotonicFactory();

/** `nowMs` is in Unix milliseconds. */
export function newAccountId(nowMs: number): AccountId {
  return `acc_${nextUlid(nowMs)}` as AccountId;
}

/** `nowMs` is in Unix milliseconds. */
export function newConversationId(nowMs: number): ConversationId {
  return `conv_${nextUlid(nowMs)}` as ConversationId;
}

/** `nowMs` is in Unix milliseconds. */
export function newKeyId(nowMs: number): string {
  return `key_${nextUlid(nowMs)}`;
}

/** `nowMs` is in Unix milliseconds. */
export function newWebhookId(nowMs: number): string {
  return `wh_${nextUlid(nowMs)}`;
}

/** `nowMs` is in Unix milliseconds. */
export function newOperatorKeyId(nowMs: number): string {
  return `opk_${nextUlid(nowMs)}`;
}

/** Distinguishes two conversations of one id: 9 random bytes. */
export function newGeneration(): string {
  return randomBytes(9).toString("base64url");
}

/**
 * The id of a `jcs-sha256` conversation: the same input in the same namespace always gives the same
 * one (§2.6).
 */
export function canonicalConversationId(namespace: Namespace, canonical: string): ConversationId {
  const digest = createHash("sha256").update(`${namespace}\n${canonical}`).digest("hex");
  return `conv_${digest}` as ConversationId;
}
