/** The account behind a grant, asked of the deployment like any outsider's program does. */
import { AmsError, openAccount } from "@ams/client";
import { GRANT_S_MAX } from "./limits.ts";

/** A key as it signs tokens. */
export type GrantKey = {
  readonly accountId: string;
  readonly keyId: string;
  readonly credential: string;
};

export type KeyFault =
  | "invalid_credential"
  | "insufficient_scope"
  | "key_limit"
  | "rate_limited"
  | "unavailable";

type Wish = {
  readonly url: string;
  /** Of the person who consents. */
  readonly credential: string;
  readonly name: string;
  readonly scopes: readonly string[];
};

/** A key of the account whose credential this is. */
export async function makeKey({
  url,
  credential,
  name,
  scopes,
}: Wish): Promise<GrantKey | KeyFault> {
  let accountId: string;
  try {
    ({ accountId } = await openAccount(url, { credential }));
  } catch (error) {
    return faultOf(error);
  }
  const answer = await ask(url, "POST", "/v1/account/keys", credential, {
    name: name.slice(0, 64),
    scopes,
    expires_in_s: GRANT_S_MAX,
  });
  const { key_id, credential: own, error } = Object(answer.body);
  if (answer.status === 201) return { accountId, keyId: key_id, credential: own };
  return KNOWN.find((fault) => fault === error) ?? "unavailable";
}

/** Ends a key by itself. Rejects when the deployment can't be reached. */
export async function endKey(url: string, { keyId, credential }: GrantKey): Promise<void> {
  const { status } = await ask(url, "DELETE", `/v1/account/keys/${keyId}`, credential);
  // It may have ended before.
  if (status !== 204 && status !== 401 && status !== 404) throw new Error(`answered ${status}`);
}

const KNOWN: readonly KeyFault[] = [
  "invalid_credential",
  "insufficient_scope",
  "key_limit",
  "rate_limited",
];

const ASK_MS = 10_000;

async function ask(url: string, method: string, path: string, bearer: string, body?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: "error",
    signal: AbortSignal.timeout(ASK_MS),
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

function faultOf(error: unknown): KeyFault {
  if (!(error instanceof AmsError)) throw error;
  return KNOWN.find((fault) => fault === error.code) ?? "unavailable";
}
