/** JWTs of the operator's own issuer, as bearers of accounts (§2.13.1). */
import { isNamespace, type Namespace, SCOPES, type Scope } from "@ams/protocol";
import { errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from "jose";
import { type Fetch, KeySetUnavailable, openKeySet } from "./key-set.ts";
import { CLOCK_TOLERANCE_S, type Refusal, refusal } from "./refusal.ts";

/** Algorithms that a deployment may allow: none that a public key could be the secret of. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

export type IssuerTerms = {
  readonly issuer: string;
  readonly audience: string;
  readonly keySetUrl: string;
  readonly algorithms: readonly string[];
  /** The names of the claims that say whose account it is, and what it may do. */
  readonly namespaceClaim: string;
  readonly scopeClaim: string;
  /** Whether the account of a namespace that nobody has is made. */
  readonly createsAccounts: boolean;
};

export type IssuerClaims = {
  readonly namespace: Namespace;
  readonly scopes: readonly Scope[];
  /** Unix milliseconds from which the token is refused: its end and the tolerance. */
  readonly endsMs: number;
};

export type Issuer = (
  token: string,
  header: ProtectedHeaderParameters,
) => Promise<IssuerClaims | Refusal>;

/** Rejects with `KeySetUnavailable`. */
export function openIssuer(
  terms: IssuerTerms,
  { fetch, now }: { readonly fetch?: Fetch | undefined; readonly now: () => number },
): Issuer {
  const keys = openKeySet(terms.keySetUrl, { fetch, now });
  return async (token, { alg, kid, crit }) => {
    // Before anything is fetched: what can't be right costs the issuer nothing.
    if (alg === undefined || !terms.algorithms.includes(alg)) return refusal("alg_not_allowed");
    if (typeof kid !== "string" || kid === "") return refusal("bad_kid");
    if (crit !== undefined) return refusal("crit_not_allowed");
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: [...terms.algorithms],
        issuer: terms.issuer,
        audience: terms.audience,
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now()),
        requiredClaims: ["exp"],
      });
      return readClaims(payload, terms, now());
    } catch (error) {
      if (error instanceof KeySetUnavailable) throw error;
      if (error instanceof errors.JWKSNoMatchingKey) return refusal("unknown_kid");
      return refusal(error);
    }
  };
}

function readClaims(claims: JWTPayload, terms: IssuerTerms, nowMs: number): IssuerClaims | Refusal {
  const { iat, exp = 0 } = claims;
  if (iat !== undefined && iat * 1_000 > nowMs + CLOCK_TOLERANCE_S * 1_000) {
    return refusal("bad_time");
  }
  const namespace = claims[terms.namespaceClaim];
  if (typeof namespace !== "string" || !isNamespace(namespace)) return refusal("bad_namespace");
  const endsMs = (exp + CLOCK_TOLERANCE_S) * 1_000;
  return { namespace, scopes: readScopes(claims[terms.scopeClaim]), endsMs };
}

/** Words `ams:<scope>`, by spaces or as a list; others are of other programs. */
function readScopes(claim: unknown): readonly Scope[] {
  const words: readonly unknown[] =
    typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return SCOPES.filter((scope) => words.includes(`ams:${scope}`));
}
