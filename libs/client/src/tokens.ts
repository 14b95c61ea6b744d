/**
 * Tokens that a backend signs with a key of its account (§2.13.4), without a request: a browser
 * gets one of these and never a credential. An entry of its own, `ams-client/tokens`, for Node, Bun
 * and Deno: browsers have no use for it.
 */
import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { parseLinkAddress } from "@ams/protocol";

/** The key that signs: as `POST /v1/account/keys` answered (§2.2.8). */
export type SigningKey = {
  /** `acc_…`. */
  readonly accountId: string;
  /** `key_…`. */
  readonly keyId: string;
  /** `ams_sk_…`, the key's credential. */
  readonly credential: string;
};

export type JoinTokenOptions = {
  /** `conv_…`. */
  readonly conversationId: string;
  /** The name under which it admits, whatever its holder asks for. */
  readonly streamName: string;
  /** Whether its holder emits nothing; false unless given. */
  readonly readOnly?: boolean;
  /** Seconds until it admits nobody any more: 1 to 600; 60 unless given. */
  readonly expiresInS?: number;
  /** Unix milliseconds; the clock's unless given. */
  readonly now?: number;
};

export type BearerTokenOptions = {
  /** What it may do, of what the key may: `join`, `read`, `mint`, `full`. */
  readonly scopes: readonly string[];
  /** Seconds until it opens nothing any more: 1 to 3600; 600 unless given. */
  readonly expiresInS?: number;
  /** Unix milliseconds; the clock's unless given. */
  readonly now?: number;
};

const PURPOSE = "ams-signing-key-v1";

/** What precedes the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410 §7), in hex. */
const PKCS8_ED25519 = "302e020100300506032b657004220420";

const JOIN_S = { usual: 60, max: 600 };
const BEARER_S = { usual: 600, max: 3_600 };

/** A join token: it admits to one conversation under one name. Throws RangeError. */
export function signJoinToken(key: SigningKey, options: JoinTokenOptions): string {
  const { conversationId, streamName, readOnly = false } = options;
  const claims = { conversation: conversationId, stream_name: streamName, read_only: readOnly };
  return signed(key, "ams-join+jwt", claims, timesOf(options, JOIN_S));
}

/** A link that holds a join token: given to a client in place of a magic link. */
export function signJoinLink(key: SigningKey, link: string, options: JoinTokenOptions): string {
  const address = parseLinkAddress(link);
  if (address === null) throw invalid("The link must be a magic link, with or without its token.");
  const { baseUrl, namespace, alias } = address;
  return `${baseUrl}/${namespace}/conversations/${alias}?t=${signJoinToken(key, options)}`;
}

/** A bearer for a short time, of some of the key's scopes. Throws RangeError. */
export function signBearerToken(key: SigningKey, options: BearerTokenOptions): string {
  const claims = { scope: options.scopes.join(" ") };
  return signed(key, "ams-bearer+jwt", claims, timesOf(options, BEARER_S));
}

type Times = { readonly iat: number; readonly exp: number };

function timesOf(
  options: { readonly expiresInS?: number; readonly now?: number },
  { usual, max }: { readonly usual: number; readonly max: number },
): Times {
  const { expiresInS = usual, now = Date.now() } = options;
  if (!Number.isInteger(expiresInS) || expiresInS < 1 || expiresInS > max) {
    throw invalid(`expiresInS must be a whole number from 1 to ${max}.`);
  }
  const iat = Math.floor(now / 1_000);
  return { iat, exp: iat + expiresInS };
}

function signed(key: SigningKey, typ: string, claims: object, times: Times): string {
  const header = { alg: "EdDSA", kid: key.keyId, typ };
  const payload = { iss: key.accountId, ...claims, ...times };
  const input = `${encoded(header)}.${encoded(payload)}`;
  const signature = sign(null, Buffer.from(input), privateKeyOf(key.credential));
  return `${input}.${signature.toString("base64url")}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function privateKeyOf(credential: string): KeyObject {
  const seed = createHmac("sha256", credential).update(PURPOSE).digest();
  const key = Buffer.concat([Buffer.from(PKCS8_ED25519, "hex"), seed]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** A mistake of the program that calls; `AmsError` is of the other entry. */
function invalid(message: string): RangeError {
  return new RangeError(message);
}
