/**
 * The formats of names and ids. A branded id can only be made by the check beside it,
 * so a function that takes a `StreamId` can't be handed a namespace by mistake.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `acc_` + ULID, or `acc_anon_` + 26 hex for the guests of one link. */
export type AccountId = Branded<"AccountId">;
/** `conv_` + ULID, or `conv_` + 64 hex for `jcs-sha256` conversations. */
export type ConversationId = Branded<"ConversationId">;
/**
 * `str_` + 26 hex: derived from conversation, account and stream name, so it is the same every
 * time.
 */
export type StreamId = Branded<"StreamId">;
/** What an account owns: the first path segment of its links. */
export type Namespace = Branded<"Namespace">;
/** A conversation's name within its namespace. */
export type Alias = Branded<"Alias">;
/** A stream's name within its conversation. */
export type StreamName = Branded<"StreamName">;

// The formats of §1.1 as patterns, for the schemas; other code uses the checks below. Written out,
// so that a bundle that uses none has none.
export const ACCOUNT_ID = /^acc_(?:[0-9A-HJKMNP-TV-Z]{26}|anon_[0-9a-f]{26})$/;
export const CONVERSATION_ID = /^conv_(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64})$/;
export const STREAM_ID = /^str_[0-9a-f]{26}$/;
export const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** `link_` and the number of the link in its conversation. */
export const LINK_ID = /^link_[1-9]\d{0,14}$/;
export const KEY_ID = /^key_[0-9A-HJKMNP-TV-Z]{26}$/;
export const STREAM_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
export const CREDENTIAL = /^ams_sk_[A-Za-z0-9_-]{43}$/;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What a key of an account may do (§2.2.9). */
export const SCOPES = ["full", "mint", "join", "read"] as const;
/** Types of events that webhooks may ask for (§2.15.3). */
export const EVENT_TYPES = [
  "conversation.opened",
  "conversation.empty",
  "conversation.closed",
  "stream.joined",
  "stream.left",
  "limit.reached",
  "message",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type Scope = (typeof SCOPES)[number];

/** First path segments that the deployment itself answers, and so never a namespace. */
export const RESERVED_NAMESPACES: readonly string[] = [
  "v1",
  "mcp",
  "docs",
  "assets",
  "healthz",
  "livez",
  "readyz",
  "metrics",
  "admin",
  "mesh",
  "workflow",
  "amp",
  "a2a",
  "hooks",
  "oauth",
  "operator",
];

export function isAccountId(text: string): text is AccountId {
  return ACCOUNT_ID.test(text);
}

export function isConversationId(text: string): text is ConversationId {
  return CONVERSATION_ID.test(text);
}

export function isStreamId(text: string): text is StreamId {
  return STREAM_ID.test(text);
}

/** True for a well-formed namespace that the deployment doesn't keep for itself. */
export function isNamespace(text: string): text is Namespace {
  return SLUG.test(text) && !RESERVED_NAMESPACES.includes(text);
}

export function isAlias(text: string): text is Alias {
  return SLUG.test(text);
}

export function isStreamName(text: string): text is StreamName {
  return STREAM_NAME.test(text);
}

/** `ams_sk_` + 43 base64url characters. */
export function isCredential(text: string): boolean {
  return CREDENTIAL.test(text);
}

/** Characters of the longest signed token: a JWT with some dozens of claims. */
export const SIGNED_TOKEN_CHARACTERS_MAX = 8_192;

/** A compact JWS (RFC 7515): three parts in base64url. Its signature isn't checked. */
export function isSignedToken(text: string): boolean {
  return text.length <= SIGNED_TOKEN_CHARACTERS_MAX && COMPACT_JWS.test(text);
}

/** What may be an account's bearer: a credential, or a signed token (§2.13). */
export function isBearerToken(text: string): boolean {
  return isCredential(text) || isSignedToken(text);
}

/** 43 base64url characters. */
export function isLinkToken(text: string): boolean {
  return SECRET.test(text);
}

/** True for the account that all guests of one link share. It exists in no store. */
export function isGuest(account: AccountId): boolean {
  return account.startsWith("acc_anon_");
}
