/**
 * The operator's own identity provider, whose JWTs are bearers here (§2.13.1): off without an
 * issuer. Control and gateways need the same.
 */
import { z } from "zod";
import {
  type Checked,
  type Environment,
  flag,
  optionalName,
  readSettings,
  type Setting,
  text,
} from "./settings.ts";

const ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split(" ");

const CLAIM = /^[\w:/.-]{1,128}$/;
const CLAIM_RULE = "must be the name of a claim: 1 to 128 of letters, digits, _, :, /, . and -";

export const IDENTITY_SETTINGS = {
  AMS_IDENTITY_ISSUER: text(
    "",
    "Issuer whose JWTs are taken as bearers, exactly as in their claim `iss`. Empty: none is.",
  ),
  AMS_IDENTITY_AUDIENCE: text("", "What their claim `aud` must hold. Needed with an issuer."),
  AMS_IDENTITY_JWKS_URL: text(
    "",
    "Where the issuer's key set is: https, or http on loopback. Needed with an issuer.",
  ),
  AMS_IDENTITY_ALGORITHMS: algorithmList(
    "RS256,PS256,ES256,EdDSA",
    `Algorithms that their signatures may have, separated by commas; of ${ALGORITHMS.join(", ")}.`,
  ),
  AMS_IDENTITY_NAMESPACE_CLAIM: optionalName(
    CLAIM,
    CLAIM_RULE,
    "The claim that has the namespace of the account; `ams_namespace` unless given.",
  ),
  AMS_IDENTITY_SCOPE_CLAIM: optionalName(
    CLAIM,
    CLAIM_RULE,
    "The claim that has what the bearer may do: `ams:join`, `ams:read`, `ams:mint`, `ams:full`, by spaces or as a list; `scope` unless given.",
  ),
  AMS_IDENTITY_CREATES_ACCOUNTS: flag(
    false,
    "Whether the account of a namespace that nobody has is made when a token first names it. Else only accounts that were made so before are opened.",
  ),
};

export type IssuerSettings = {
  readonly issuer: string;
  readonly audience: string;
  readonly keySetUrl: string;
  readonly algorithms: readonly string[];
  readonly namespaceClaim: string;
  readonly scopeClaim: string;
  readonly createsAccounts: boolean;
};

/** Null without an issuer. */
export function readIdentity(environment: Environment): Checked<IssuerSettings | null> {
  const read = readSettings(IDENTITY_SETTINGS, environment);
  if (!read.ok) return read;
  const { value } = read;
  const { AMS_IDENTITY_ISSUER: issuer } = value;
  const { AMS_IDENTITY_AUDIENCE: audience, AMS_IDENTITY_JWKS_URL: keySetUrl } = value;
  if (issuer === null) return { ok: true, value: null };
  const faults = [
    ...(audience === null ? ["AMS_IDENTITY_AUDIENCE is needed with AMS_IDENTITY_ISSUER"] : []),
    ...(isSafeUrl(keySetUrl ?? "")
      ? []
      : ["AMS_IDENTITY_JWKS_URL must be an https URL, or http on loopback"]),
  ];
  if (faults.length > 0 || audience === null || keySetUrl === null) return { ok: false, faults };
  return {
    ok: true,
    value: {
      issuer,
      audience,
      keySetUrl,
      algorithms: value.AMS_IDENTITY_ALGORITHMS,
      namespaceClaim: value.AMS_IDENTITY_NAMESPACE_CLAIM ?? "ams_namespace",
      scopeClaim: value.AMS_IDENTITY_SCOPE_CLAIM ?? "scope",
      createsAccounts: value.AMS_IDENTITY_CREATES_ACCOUNTS,
    },
  };
}

/** What an operator lets a process call: https, or http where nothing leaves the machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.[\d.]+$/.test(hostname);
}

function algorithmList(fallback: string, about: string): Setting<readonly string[]> {
  const read = z
    .string()
    .transform((listed) => listed.split(",").map((one) => one.trim()))
    .refine(
      (listed) => listed.every((one) => ALGORITHMS.includes(one)),
      `must be of ${ALGORITHMS.join(", ")}, separated by commas`,
    );
  return { read, fallback, about, secret: false };
}
