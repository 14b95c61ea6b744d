/**
 * Who asks: the account behind a bearer credential, and whether what it asks for is its own
 * (§2.1.4).
 */
import {
  type Account,
  type Address,
  type Grant,
  hashes,
  isGranted,
  type Outcome,
} from "@ams/directory";
import { isAlias, isBearerToken, isCredential, readBearer, type Scope } from "@ams/protocol";
import { type BodyFault, type Members, readBody } from "../http/body.ts";
import type { Call, Tools } from "../http/endpoint.ts";

export type CredentialFault =
  | "missing_credential"
  | "invalid_credential"
  | "insufficient_scope"
  | "account_suspended";
export type OwnerFault = CredentialFault | "namespace_mismatch";

/** The account whose credential the request bears, where that may do this (§2.2.9). */
export async function authenticate(
  call: Call,
  tools: Tools,
  needed: Scope,
): Promise<Outcome<Account, CredentialFault>> {
  const grant = await grantOf(call, tools);
  if (!grant.ok) return grant;
  const { account, scopes } = grant.value;
  if (!isGranted(scopes, needed)) {
    return { ok: false, fault: "insufficient_scope" };
  }
  return { ok: true, value: account };
}

/** Whose credential the request bears, and what that may do. */
export async function grantOf(
  call: Call,
  tools: Tools,
): Promise<Outcome<Grant, Exclude<CredentialFault, "insufficient_scope">>> {
  const header = call.request.headers.get("authorization");
  if (!header) return { ok: false, fault: "missing_credential" };
  const credential = readBearer(header);
  if (credential === null || !isBearerToken(credential)) {
    return { ok: false, fault: "invalid_credential" };
  }
  const grant = isCredential(credential)
    ? await tools.directory.grantOf(hashes(tools.peppers.credential, credential))
    : await grantOfToken(tools, credential);
  if (grant === null) {
    call.meter.paidByAddress();
    return { ok: false, fault: "invalid_credential" };
  }
  call.meter.paidBy("account", grant.account.account_id);
  if (tools.suspensions?.has(grant.account.account_id) === true) {
    return { ok: false, fault: "account_suspended" };
  }
  call.trail.actor = grant.key_id ?? "credential";
  return { ok: true, value: grant };
}

async function grantOfToken({ identity }: Tools, token: string): Promise<Grant | null> {
  const grant = await identity.grantOf(token);
  return grant.ok ? grant.value : null;
}

/** The same, and the namespace in the path must be the account's own. */
export async function authenticateOwner(
  call: Call,
  tools: Tools,
  needed: Scope,
): Promise<Outcome<Account, OwnerFault>> {
  const account = await authenticate(call, tools, needed);
  if (!account.ok) return account;
  return account.value.namespace === call.param("namespace")
    ? account
    : { ok: false, fault: "namespace_mismatch" };
}

/** The same, and the address in the path, which may lead nowhere. */
export async function authenticateAddress(
  call: Call,
  tools: Tools,
  needed: Scope,
): Promise<
  Outcome<{ readonly account: Account; readonly address: Address }, OwnerFault | "not_found">
> {
  const account = await authenticateOwner(call, tools, needed);
  if (!account.ok) return account;
  const alias = call.param("alias");
  if (!isAlias(alias)) return { ok: false, fault: "not_found" };
  const address = { namespace: account.value.namespace, alias };
  return { ok: true, value: { account: account.value, address } };
}

/**
 * The body of a request whose sender was authenticated before it is read, and is once more when it
 * has come: it may take as long as a request may, and the credential may have ended meanwhile
 * (§2.1.4).
 */
export async function readBodyOf<Fault extends string>(
  call: Call,
  presence: "required" | "optional",
  authenticateAgain: () => Promise<Outcome<unknown, Fault>>,
): Promise<Outcome<Members, BodyFault | Fault>> {
  const body = await readBody(call, presence);
  if (!body.ok || call.request.body === null) return body;
  const sender = await authenticateAgain();
  return sender.ok ? body : sender;
}
