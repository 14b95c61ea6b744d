/**
 * Credentials on Redis. Whether one is live is kept in its account's own slot; `ams:credential:…`
 * only says where to look. So one step there ends a credential, or all of them.
 */

import { type AccountId, CREDENTIALS_MAX } from "@ams/protocol";
import { answered, listOf, textOf, textsOf } from "@ams/store";
import type { LRUCache } from "lru-cache";
import {
  type Accounts,
  type CredentialEnd,
  type CredentialGrace,
  type CredentialHolder,
  DirectoryUnavailable,
} from "../directory.ts";
import { type DeploymentEvent, encodeEvent } from "../events.ts";
import type { Grant } from "../records.ts";
import { ACCOUNT_FIELDS, decodeAccount, decodeScopes, toAccountId } from "./decode.ts";
import { PENDING_ACCOUNT_S } from "./keys.ts";
import { checkCredential, rotateCredential as rotateScript } from "./scripts/accounts.ts";
import type { Store } from "./store.ts";

/**
 * Credentials whose account is remembered: enough for those that come back all the time, about 5
 * MB. A credential is never given to another account, so what is remembered stays true; whether it
 * is live is looked up each time.
 */
export const HOLDERS_MAX = 20_000;

/** By a credential's hash, the account that it was made for. */
export type Holders = LRUCache<string, AccountId>;

/**
 * The entry that says where to look ends by itself until the credential is the account's: a crash
 * leaves nothing.
 */
export async function rotateCredential(
  store: Store,
  id: AccountId,
  hash: string,
  grace: CredentialGrace,
  endsKeys = false,
): ReturnType<Accounts["rotateCredential"]> {
  const { client, keys } = store;
  const { record, credentials, keys: accountKeys } = keys.account(id);
  const entry = keys.credential(hash);
  await answered("SET", client.set(entry, id, "EX", PENDING_ACCOUNT_S));
  const flags = [grace.untilUsed ? 1 : 0, endsKeys ? 1 : 0];
  const args = [hash, store.now(), grace.ms, ...flags, CREDENTIALS_MAX];
  const reply = await store.run(rotateScript, [record, credentials, accountKeys], args);
  if (reply === null) {
    await answered("DEL", client.del(entry));
    return { ok: false, fault: "not_found" };
  }
  const [endedNow = [], later = []] = listOf(reply).map(textsOf);
  const ending = toEnds(later);
  const [kept] = await Promise.all([
    answered("PERSIST", client.persist(entry)),
    endCredentials(store, id, endedNow, ending),
    ...ending.map(({ credential, at_ms }) => {
      const leftMs = Math.ceil((at_ms ?? 0) - store.now());
      const left = client.pexpire(keys.credential(credential), leftMs, "LT");
      return answered("PEXPIRE", left);
    }),
  ]);
  // A concurrent rotation may have ended this credential by now, and taken its entry away.
  const isEnded = kept !== 1 && !(await answered("HEXISTS", client.hexists(credentials, hash)));
  if (kept !== 1 && !isEnded) throw new DirectoryUnavailable("Making the credential took too long");
  return { ok: true, value: null };
}

export function resetCredential(
  store: Store,
  id: AccountId,
  hash: string,
): ReturnType<Accounts["resetCredential"]> {
  return rotateCredential(store, id, hash, { ms: 0, untilUsed: false }, true);
}

/** Announces what has ended, and what will, and forgets where the ended ones were to be found. */
export async function endCredentials(
  store: Store,
  account_id: AccountId,
  ended: readonly string[],
  ending: readonly CredentialEnd[],
): Promise<void> {
  const endedNow = ended.map((credential) => ({ credential, at_ms: store.now() }));
  const ends = [...endedNow, ...ending];
  if (ends.length === 0) return;
  await Promise.all([
    announceToDeployment(store, { kind: "credentials_end", account_id, ends }),
    forgetCredentials(store, ended),
  ]);
}

/** From hashes, each followed by its end in Unix ms, 0 for never. */
export function toEnds(hashesAndEnds: readonly string[]): readonly CredentialEnd[] {
  const ends: CredentialEnd[] = [];
  for (let index = 0; index + 1 < hashesAndEnds.length; index += 2) {
    const at_ms = Number(hashesAndEnds[index + 1]) || null;
    ends.push({ credential: hashesAndEnds[index] ?? "", at_ms });
  }
  return ends;
}

export async function findHolder(
  store: Store,
  holders: Holders,
  hashes: readonly string[],
): Promise<CredentialHolder | null> {
  for (const credential of hashes) {
    const account_id = holders.get(credential);
    if (account_id !== undefined) return { account_id, credential };
  }
  const found = await Promise.all(hashes.map((hash) => readHolder(store, hash)));
  const holder = found.find((one) => one !== null) ?? null;
  if (holder !== null) holders.set(holder.credential, holder.account_id);
  return holder;
}

async function readHolder(store: Store, credential: string): Promise<CredentialHolder | null> {
  const owner = await answered("GET", store.client.get(store.keys.credential(credential)));
  const account_id = owner === null ? null : toAccountId(owner);
  return account_id === null ? null : { account_id, credential };
}

export async function checkHolder(
  store: Store,
  { account_id, credential }: CredentialHolder,
): Promise<Grant | null> {
  const { record, credentials, keys } = store.keys.account(account_id);
  const args = [credential, store.now(), ...ACCOUNT_FIELDS];
  const reply = await store.run(checkCredential, [record, credentials, keys], args);
  if (reply === null) return null;
  const [ended, fields, scopes, keyId] = listOf(reply);
  await endCredentials(store, account_id, textsOf(ended), []);
  const account = decodeAccount(listOf(fields).map(textOf));
  return account === null
    ? null
    : {
        account,
        scopes: decodeScopes(textOf(scopes) ?? ""),
        key_id: textOf(keyId) || null,
      };
}

export async function forgetCredentials(store: Store, hashes: readonly string[]): Promise<void> {
  await Promise.all(
    hashes.map((hash) => answered("DEL", store.client.del(store.keys.credential(hash)))),
  );
}

export async function announceToDeployment(store: Store, event: DeploymentEvent): Promise<void> {
  const { client, publish } = store;
  const { deployment } = store.keys.channels;
  const text = encodeEvent(event);
  const sent =
    publish === "PUBLISH" ? client.publish(deployment, text) : client.spublish(deployment, text);
  await answered(publish, sent);
}
