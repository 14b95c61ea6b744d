/**
 * Whose a signed token is (§2.13): a token that a key of an account has signed, or a JWT of the
 * operator's issuer. Everything else that may be a bearer is the directory's to know.
 */
import { createHash } from "node:crypto";
import {
  type Directory,
  DirectoryUnavailable,
  type Grant,
  isGranted,
  type Outcome,
  type Peppers,
} from "@ams/directory";
import { isSignedToken } from "@ams/protocol";
import { decodeProtectedHeader, type ProtectedHeaderParameters } from "jose";
import { createAccountOf, type ExternalAccounts } from "./external-accounts.ts";
import { type IssuerTerms, openIssuer } from "./issuer.ts";
import { type Fetch, KeySetUnavailable } from "./key-set.ts";
import type { Refusal } from "./refusal.ts";
import {
  BEARER_TYPE,
  createSignedTokens,
  type Identified,
  JOIN_TYPE,
  type JoinTerms,
} from "./signed-token.ts";

export interface Identity {
  /** Whose bearer this is. Rejects with DirectoryUnavailable when that can't be known now. */
  identify(token: string): Promise<Outcome<Identified, "invalid_credential">>;
  /** The same with the account's record, as the directory gives it for a credential. */
  grantOf(token: string): Promise<Outcome<Grant, "invalid_credential">>;
  /** What a join token admits to in this conversation (§2.13.5). */
  joinTerms(token: string, conversation: string): Promise<Outcome<JoinTerms, "invalid_magic_link">>;
}

export type IdentityOptions = {
  readonly directory: Pick<
    Directory,
    "keySigner" | "grantOf" | "credentialHolder" | "createAccount" | "createKey" | "recordEvent"
  >;
  readonly peppers: Peppers;
  /** Null where only keys of accounts sign. */
  readonly issuer: IssuerTerms | null;
  /** Hears why a token was refused, in a word or two. */
  readonly onRefused?: ((reason: string) => void) | undefined;
  readonly fetch?: Fetch | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
};

const INVALID = { ok: false, fault: "invalid_credential" } as const;

export function createIdentity(options: IdentityOptions): Identity {
  const { directory, now, onRefused } = options;
  const signed = createSignedTokens(directory, now);
  const external = options.issuer === null ? null : openExternal(options.issuer, options);

  const identify: Identity["identify"] = async (token) => {
    const header = headerOf(token);
    const found = await answered(() => {
      if (header === null) return { reason: "malformed" };
      if (header.typ === BEARER_TYPE) return signed.bearer(token, header);
      return external?.(token, header) ?? { reason: "no_issuer" };
    });
    if ("accountId" in found) return { ok: true, value: found };
    onRefused?.(found.reason);
    return INVALID;
  };

  return {
    identify,

    grantOf: async (token) => {
      const identified = await identify(token);
      if (!identified.ok) return identified;
      const { credential, scopes } = identified.value;
      const grant = await directory.grantOf([credential]);
      if (grant === null) return INVALID;
      return {
        ok: true,
        value: { ...grant, scopes: scopes.filter((one) => isGranted(grant.scopes, one)) },
      };
    },

    joinTerms: async (token, conversation) => {
      const header = headerOf(token);
      const isJoin = header?.typ === JOIN_TYPE;
      const found = isJoin
        ? await signed.join(token, header, conversation)
        : { reason: "malformed" };
      if ("accountId" in found) return { ok: true, value: found };
      onRefused?.(found.reason);
      return { ok: false, fault: "invalid_magic_link" };
    },
  };
}

/** What stands for the accounts of an issuer in the directory, and nobody can show (§2.13.2). */
export function externalHash(issuer: string, namespace: string): string {
  return createHash("sha256").update(`ams external\n${issuer}\n${namespace}`).digest("hex");
}

type External = (token: string, header: ProtectedHeaderParameters) => Promise<Identified | Refusal>;

function openExternal(terms: IssuerTerms, options: IdentityOptions): External {
  const check = openIssuer(terms, options);
  const accounts: ExternalAccounts = createAccountOf(options);
  return async (token, header) => {
    const claims = await check(token, header);
    if ("reason" in claims) return claims;
    const { namespace, scopes, endsMs } = claims;
    const credential = externalHash(terms.issuer, namespace);
    const holder =
      (await options.directory.credentialHolder([credential])) ??
      (terms.createsAccounts ? await accounts(namespace, credential) : null);
    if (holder === null) return { reason: "namespace_not_linked" };
    return { accountId: holder.account_id, credential, scopes, endsMs };
  };
}

/** A key set that can't be had is the same to a caller as a store that can't be reached. */
async function answered<Found>(ask: () => Found | Promise<Found>): Promise<Found> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof KeySetUnavailable)) throw error;
    throw new DirectoryUnavailable(`The issuer's key set ${error.message}`, { cause: error });
  }
}

function headerOf(token: string): ProtectedHeaderParameters | null {
  if (!isSignedToken(token)) return null;
  try {
    return decodeProtectedHeader(token);
  } catch {
    return null;
  }
}
