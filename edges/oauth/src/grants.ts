/**
 * Grants: a key of the account for each consent, sealed, with which access tokens are signed
 * (§2.13.4). So whoever revokes the key ends the grant, and the wire knows nothing of OAuth.
 */
import { signBearerToken } from "@ams/client/tokens";
import type { Sealer } from "@ams/process";
import { endKey, type GrantKey } from "./account-keys.ts";
import { ACCESS_S, CODE_S, GRANT_S, GRANT_S_MAX, USED_CODE_S } from "./limits.ts";
import { type Refused, refused } from "./problem.ts";
import { hashOf, newSecret } from "./secrets.ts";
import type { Records } from "./store/records.ts";

export type Consent = {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scopes: readonly string[];
  readonly key: GrantKey;
};

export type Tokens = {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
};

type Grant = {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** The key, sealed. */
  readonly sealed: string;
  /** The hash of the refresh token that is live. */
  readonly refresh: string;
  /** Unix milliseconds. */
  readonly madeMs: number;
};

type Code =
  | (Omit<Consent, "key"> & {
      readonly state: "live";
      readonly sealed: string;
      /** Unix milliseconds. */
      readonly endsMs: number;
    })
  | { readonly state: "used"; readonly grantId: string };

export type Exchange = {
  readonly code: string;
  readonly clientId: string;
  readonly redirectUri: string | undefined;
  readonly verifier: string;
};

export type Grants = {
  /** A code for this consent. */
  consent(consent: Consent): Promise<string>;
  exchange(exchange: Exchange): Promise<Tokens | Refused>;
  refresh(
    token: string,
    clientId: string,
    scopes: readonly string[] | null,
  ): Promise<Tokens | Refused>;
  /** Ends the grant of a refresh token. */
  revoke(token: string): Promise<void>;
};

export type GrantsParts = {
  readonly records: Records;
  readonly sealer: Sealer;
  readonly url: () => string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Hears that a code or a refresh token was used twice. */
  readonly onReplay: (what: "code" | "refresh_token") => void;
};

const ENDED = refused("invalid_grant", "This has ended: ask for a new authorization.");
const REFRESH = /^ams_rt_([\w-]{43})\.[\w-]{43}$/;

export function createGrants(parts: GrantsParts): Grants {
  return {
    consent: (consent) => keepConsent(consent, parts),
    exchange: (asked) => exchange(asked, parts),
    refresh: (token, clientId, scopes) => refresh(token, clientId, scopes, parts),
    revoke: async (token) => {
      const grantId = grantIdOf(token);
      const kept = grantId === null ? null : await parts.records.get(`grant:${grantId}`);
      if (grantId === null || kept === null) return;
      const grant: Grant = JSON.parse(kept);
      if (grant.refresh === hashOf(token)) await end(grantId, parts);
    },
  };
}

async function keepConsent({ key, ...consent }: Consent, parts: GrantsParts): Promise<string> {
  const { records, sealer, now } = parts;
  const code = newSecret();
  const sealed = sealer.seal(JSON.stringify(key));
  const endsMs = now() + CODE_S * 1_000;
  const kept = JSON.stringify({ state: "live", ...consent, sealed, endsMs } satisfies Code);
  const name = `code:${hashOf(code)}`;
  await records.set(name, kept, 2 * CODE_S);
  const drop = () => void dropUnused(name, kept, key, parts).catch(() => undefined);
  setTimeout(drop, CODE_S * 1_000).unref();
  return code;
}

/** A consent whose code nobody came for leaves no key. */
async function dropUnused(
  name: string,
  kept: string,
  key: GrantKey,
  { records, url }: GrantsParts,
): Promise<void> {
  const used = JSON.stringify({ state: "used", grantId: "" } satisfies Code);
  if (await records.swap(name, kept, used, 1)) await endKey(url(), key);
}

async function exchange(asked: Exchange, parts: GrantsParts): Promise<Tokens | Refused> {
  const { records, now } = parts;
  const name = `code:${hashOf(asked.code)}`;
  const kept = await records.get(name);
  if (kept === null) return ENDED;
  const consent: Code = JSON.parse(kept);
  if (consent.state === "used") return replayed("code", consent.grantId, parts);
  if (now() >= consent.endsMs) return ENDED;
  if (consent.clientId !== asked.clientId) {
    return refused("invalid_grant", "Another client's code.");
  }
  if (consent.redirectUri !== asked.redirectUri) {
    return refused("invalid_grant", "redirect_uri must be that of the authorization request.");
  }
  if (hashOf(asked.verifier) !== consent.challenge) {
    return refused("invalid_grant", "code_verifier is not that of the authorization request.");
  }
  const grantId = newSecret();
  const token = newRefresh(grantId);
  const { clientId, scopes, sealed } = consent;
  const grant = { clientId, scopes, sealed, refresh: hashOf(token), madeMs: now() };
  const key = openKey(sealed, parts);
  if (key === null) return ENDED;
  // Before the code counts as used, so that its second use finds what to end.
  await records.set(`grant:${grantId}`, JSON.stringify(grant), GRANT_S);
  const used = JSON.stringify({ state: "used", grantId } satisfies Code);
  if (await records.swap(name, kept, used, USED_CODE_S)) return tokensOf(grant, key, token, parts);
  // Somebody else has used the same code at the same time: neither keeps anything.
  await end(grantId, parts);
  return ENDED;
}

async function refresh(
  token: string,
  clientId: string,
  scopes: readonly string[] | null,
  parts: GrantsParts,
): Promise<Tokens | Refused> {
  const { records, now } = parts;
  const grantId = grantIdOf(token);
  const kept = grantId === null ? null : await records.get(`grant:${grantId}`);
  if (grantId === null || kept === null) return ENDED;
  const grant: Grant = JSON.parse(kept);
  if (grant.clientId !== clientId) return refused("invalid_grant", "Another client's token.");
  if (grant.refresh !== hashOf(token)) return replayed("refresh_token", grantId, parts);
  if (scopes !== null && !scopes.every((one) => grant.scopes.includes(one))) {
    return refused("invalid_scope", "A refresh gives no more than was allowed.");
  }
  const leftS = GRANT_S_MAX - Math.floor((now() - grant.madeMs) / 1_000);
  const key = openKey(grant.sealed, parts);
  if (key === null || leftS <= 0) return ENDED;
  const newer = newRefresh(grantId);
  const next: Grant = { ...grant, refresh: hashOf(newer) };
  const ttlS = Math.min(GRANT_S, leftS);
  // Of two at the same time one has used it, and the other replays it.
  if (!(await records.swap(`grant:${grantId}`, kept, JSON.stringify(next), ttlS))) {
    return replayed("refresh_token", grantId, parts);
  }
  return tokensOf({ ...next, scopes: scopes ?? grant.scopes }, key, newer, parts);
}

function tokensOf({ scopes }: Grant, key: GrantKey, token: string, { now }: GrantsParts): Tokens {
  return {
    access_token: signBearerToken(key, { scopes, expiresInS: ACCESS_S, now: now() }),
    token_type: "Bearer",
    expires_in: ACCESS_S,
    refresh_token: token,
    scope: scopes.join(" "),
  };
}

async function replayed(
  what: "code" | "refresh_token",
  grantId: string,
  parts: GrantsParts,
): Promise<Refused> {
  parts.onReplay(what);
  await end(grantId, parts);
  return ENDED;
}

/** The key first: it is what opens something. */
async function end(grantId: string, parts: GrantsParts): Promise<void> {
  const kept = await parts.records.get(`grant:${grantId}`);
  if (kept === null) return;
  const { sealed }: Grant = JSON.parse(kept);
  const key = openKey(sealed, parts);
  if (key !== null) await endKey(parts.url(), key);
  await parts.records.remove(`grant:${grantId}`);
}

function openKey(sealed: string, { sealer }: GrantsParts): GrantKey | null {
  const text = sealer.open(sealed);
  return text === null ? null : JSON.parse(text);
}

function newRefresh(grantId: string): string {
  return `ams_rt_${grantId}.${newSecret()}`;
}

function grantIdOf(token: string): string | null {
  return REFRESH.exec(token)?.[1] ?? null;
}
