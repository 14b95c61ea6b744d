/** Agent cards: what an agent says of itself, signed by itself. */
import type { KeyObject } from "node:crypto";
import { canonicalText } from "./canonical.ts";
import { type JsonNode, readJson } from "./json-text.ts";
import type { PublicKey } from "./keys.ts";
import { signText, verifyText } from "./signing.ts";

/** Milliseconds that a card may be valid: six months of 31 days. */
export const CARD_LIFE_MS_MAX = 6 * 31 * 86_400_000;

/** What is signed: all fields but the signature, canonical (RFC 8785). */
export function cardText(card: JsonNode): string | null {
  if (card.kind !== "object") return null;
  const entries = card.entries.filter(([key]) => key !== "signature");
  return `amp-agent-card-v1\n${canonicalText({ ...card, entries })}`;
}

export function signCard(key: KeyObject, card: Readonly<Record<string, unknown>>): string | null {
  const read = readJson(JSON.stringify(card));
  const text = read.ok ? cardText(read.json.root) : null;
  return text === null ? null : signText(key, text);
}

export function isCardSignature(key: PublicKey, card: JsonNode, signature: string): boolean {
  const text = cardText(card);
  return text !== null && verifyText(key, text, signature);
}
