/**
 * Who asks: the account behind a bearer credential, and whether what it asks for is its own
 * (§2.1.4).
 */
import { type Account, type Address, hashes, type Outcome } from "@ams/directory";
import { isAlias, isCredential, readBearer } from "@ams/protocol";
import type { Call, Tools } from "../http/endpoint.ts";

export type CredentialFault = "missing_credential" | "invalid_credential";
export type OwnerFault = CredentialFault | "namespace_mismatch";

/** The account whose credential the request bears. */
export async function authenticate(
  call: Call,
  tools: Tools,
): Promise<Outcome<Account, CredentialFault>> {
  const header = call.request.headers.get("authorization");
  if (!header) return { ok: false, fault: "missing_credential" };
  const credential = readBearer(header);
  if (credential === null || !isCredential(credential)) {
    return { ok: false, fault: "invalid_credential" };
  }
  const account = await tools.directory.accountByCredential(
    hashes(tools.peppers.credential, credential),
  );
  if (account === null) return { ok: false, fault: "invalid_credential" };
  call.meter.paidBy("account", account.account_id);
  return { ok: true, value: account };
}

/** The same, and the namespace in the path must be the account's own. */
export async function authenticateOwner(
  call: Call,
  tools: Tools,
): Promise<Outcome<Account, OwnerFault>> {
  const account = await authenticate(call, tools);
  if (!account.ok) return account;
  return account.value.namespace === call.param("namespace")
    ? account
    : { ok: false, fault: "namespace_mismatch" };
}

/** The same, and the address in the path, which may lead nowhere. */
export async function authenticateAddress(
  call: Call,
  tools: Tools,
): Promise<
  Outcome<{ readonly account: Account; readonly address: Address }, OwnerFault | "not_found">
> {
  const account = await authenticateOwner(call, tools);
  if (!account.ok) return account;
  const alias = call.param("alias");
  if (!isAlias(alias)) return { ok: false, fault: "not_found" };
  const address = { namespace: account.value.namespace, alias };
  return { ok: true, value: { account: account.value, address } };
}
