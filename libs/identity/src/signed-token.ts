/**
 * Tokens that a customer's backend signs with a key of its account (§2.13.4): nothing is asked of
 * the deployment to make one, and all of them end with the key.
 */
import { createPublicKey } from "node:crypto";
import { type Directory, isGranted, type KeySigner, type Link, NO_LINK } from "@ams/directory";
import {
  type AccountId,
  isAccountId,
  isConversationId,
  isStreamName,
  SCOPES,
  type Scope,
  type StreamName,
} from "@ams/protocol";
import { type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from "jose";
import { CLOCK_TOLERANCE_S, isInTime, type Refusal, refusal } from "./refusal.ts";

/** What a token is for, as its header says it. */
export const BEARER_TYPE = "ams-bearer+jwt";
export const JOIN_TYPE = "ams-join+jwt";

/** Seconds that a token may be valid: a bearer is renewed, a join token is used at once. */
const BEARER_S_MAX = 3_600;
const JOIN_S_MAX = 600;

const KEY_ID = /^key_[0-9A-HJKMNP-TV-Z]{26}$/;

/** A bearer, once it is known whose it is. */
export type Identified = {
  readonly accountId: AccountId;
  /** The hash of the key behind it: what it admits ends with that. */
  readonly credential: string;
  readonly scopes: readonly Scope[];
  /** Unix milliseconds at which the sockets that it admitted end; null: with the key. */
  readonly endsMs: number | null;
};

/** What a join token admits to. */
export type JoinTerms = {
  readonly accountId: AccountId;
  readonly credential: string;
  readonly streamName: StreamName;
  readonly readOnly: boolean;
};

export type SignedTokens = {
  bearer(token: string, header: ProtectedHeaderParameters): Promise<Identified | Refusal>;
  join(
    token: string,
    header: ProtectedHeaderParameters,
    conversation: string,
  ): Promise<JoinTerms | Refusal>;
};

type Verified = {
  readonly accountId: AccountId;
  readonly signer: KeySigner;
  readonly claims: JWTPayload;
};

export function createSignedTokens(
  directory: Pick<Directory, "keySigner">,
  now: () => number,
): SignedTokens {
  return {
    bearer: async (token, header) => {
      const verified = await verify(token, header, { typ: BEARER_TYPE, secondsMax: BEARER_S_MAX });
      if (!("signer" in verified)) return verified;
      const { accountId, signer, claims } = verified;
      const asked = typeof claims.scope === "string" ? claims.scope.split(" ") : [];
      const scopes = SCOPES.filter((one) => asked.includes(one) && isGranted(signer.scopes, one));
      return { accountId, credential: signer.credential, scopes, endsMs: null };
    },

    join: async (token, header, conversation) => {
      const verified = await verify(token, header, { typ: JOIN_TYPE, secondsMax: JOIN_S_MAX });
      if (!("signer" in verified)) return verified;
      const { accountId, signer, claims } = verified;
      const { conversation: named, stream_name, read_only = false } = claims;
      if (typeof named !== "string" || !isConversationId(named)) return refusal("bad_conversation");
      if (named !== conversation) return refusal("other_conversation");
      if (typeof stream_name !== "string" || !isStreamName(stream_name)) {
        return refusal("bad_stream_name");
      }
      if (typeof read_only !== "boolean") return refusal("bad_read_only");
      if (!isGranted(signer.scopes, "join")) return refusal("key_may_not_join");
      const { credential } = signer;
      return { accountId, credential, streamName: stream_name, readOnly: read_only };
    },
  };

  async function verify(
    token: string,
    { alg, kid }: ProtectedHeaderParameters,
    { typ, secondsMax }: { readonly typ: string; readonly secondsMax: number },
  ): Promise<Verified | Refusal> {
    if (alg !== "EdDSA") return refusal("alg_not_allowed");
    if (typeof kid !== "string" || !KEY_ID.test(kid)) return refusal("bad_kid");
    const accountId = issuerOf(token);
    if (accountId === null) return refusal("bad_issuer");
    const signer = await directory.keySigner(accountId, kid);
    if (signer === null) return refusal("unknown_key");
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: signer.public_key },
      format: "jwk",
    });
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["EdDSA"],
        typ,
        issuer: accountId,
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now()),
        requiredClaims: ["iat", "exp"],
      });
      return isInTime(payload, now(), secondsMax)
        ? { accountId, signer, claims: payload }
        : refusal("bad_time");
    } catch (error) {
      return refusal(error);
    }
  }
}

/** What a join token admits to, as the terms of a link. */
export function linkOf({ streamName, readOnly }: JoinTerms): Link {
  const terms = { name: null, read_only: readOnly, stream_name: streamName, created_at: "" };
  return { number: NO_LINK, hash: "", terms: { ...terms, expires_at_ms: null, max_joins: null } };
}

/** The account that a token says it is of, before its signature is checked. */
function issuerOf(token: string): AccountId | null {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    const { iss }: { readonly iss?: unknown } = Object(JSON.parse(text));
    return typeof iss === "string" && isAccountId(iss) ? iss : null;
  } catch {
    return null;
  }
}
