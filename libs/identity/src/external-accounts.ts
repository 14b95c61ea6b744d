/** Accounts of the operator's issuer, made when a token first names their namespace (§2.13.2). */
import {
  type AccountKey,
  type CredentialHolder,
  DEPLOYMENT_LIMITS,
  type Directory,
  hash,
  newAccountId,
  newCredential,
  newKeyId,
  type Peppers,
} from "@ams/directory";
import type { Namespace } from "@ams/protocol";

/** What the account's list of keys calls it. */
export const EXTERNAL_KEY_NAME = "identity provider";

/** How often, and after how many milliseconds, somebody who was slower looks for the account. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 100;

export type ExternalAccounts = (
  namespace: Namespace,
  credential: string,
) => Promise<CredentialHolder | null>;

type Parts = {
  readonly directory: Pick<
    Directory,
    "createAccount" | "createKey" | "credentialHolder" | "recordEvent"
  >;
  readonly peppers: Peppers;
  readonly now: () => number;
};

/** Null when the namespace is somebody else's. */
export function createAccountOf({ directory, peppers, now }: Parts): ExternalAccounts {
  return async (namespace, credential) => {
    const at = new Date(now()).toISOString();
    const account_id = newAccountId(now());
    // Nobody knows its credential: an operator's reset makes one for the account's owner.
    const unknown = hash(peppers.credential[0], newCredential());
    const made = await directory.createAccount(
      { ...DEPLOYMENT_LIMITS, plan: null, account_id, namespace, created_at: at },
      unknown,
    );
    if (!made.ok) return lookAgain(directory, credential);
    const key = externalKey(now());
    const linked = await directory.createKey(account_id, credential, key);
    if (!linked.ok) return null;
    await directory.recordEvent(account_id, {
      action: "account_created",
      at,
      actor: key.key_id,
      target: null,
      request_id: null,
    });
    return { account_id, credential };
  };
}

/** Its tokens say what they may do, and never more than this. */
export function externalKey(nowMs: number): AccountKey {
  return {
    key_id: newKeyId(nowMs),
    name: EXTERNAL_KEY_NAME,
    scopes: ["full"],
    expires_at_ms: null,
    created_at: new Date(nowMs).toISOString(),
    used_at_ms: null,
  };
}

/** Another process may be making the very account. */
async function lookAgain(
  directory: Pick<Directory, "credentialHolder">,
  credential: string,
): Promise<CredentialHolder | null> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const holder = await directory.credentialHolder([credential]);
    if (holder !== null) return holder;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return null;
}
