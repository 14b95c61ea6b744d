/** Credentials in the file: which are live, and what ends them. */
import { type AccountId, CREDENTIALS_MAX, type Scope } from "@ams/protocol";
import type { CredentialEnd, CredentialGrace } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { DEPLOYMENT_LIMITS } from "../limits.ts";
import { type Account, ALL_SCOPES, KEY_USE_MS } from "../records.ts";
import type { Store } from "./store.ts";
import type { StoredAccount, StoredCredential } from "./tables.ts";

/** The credential of a new account: nothing waits for its first use. */
export const FIRST_CREDENTIAL: StoredCredential = {
  ends: null,
  number: 1,
  yields: false,
  used: true,
};

type Credentials = Readonly<Record<string, StoredCredential>>;

/**
 * A file of an earlier version lacks the limits that have come since, and keeps of a credential
 * only when it ends.
 */
export function storedAccount({ tables }: Store, id: AccountId) {
  const stored = tables.accounts.get(id);
  if (stored === undefined) return undefined;
  const credentials: Credentials = Object.fromEntries(
    Object.entries(stored.credentials).map(([hash, one]) => [
      hash,
      one === null || typeof one === "number" ? { ...FIRST_CREDENTIAL, ends: one, number: 0 } : one,
    ]),
  );
  const { keys = {}, webhooks = {} } = stored;
  const account: Account = { ...DEPLOYMENT_LIMITS, ...stored.account };
  return { account: { ...account, plan: account.plan ?? null }, credentials, keys, webhooks };
}

export type Used = {
  readonly account: Account;
  readonly endsMs: number | null;
  readonly scopes: readonly Scope[];
  readonly keyId: string | null;
};

/**
 * The account if this is a live credential or key of it. The first use of a credential ends what
 * was to live until then.
 */
export function useCredential(store: Store, hash: string): Used | null {
  const { tables, now } = store;
  const id = tables.credentials.get(hash);
  const stored = id === undefined ? undefined : storedAccount(store, id);
  const one = stored?.credentials[hash];
  if (id === undefined || stored === undefined) return null;
  if (one === undefined) return useKey(store, id, stored, hash);
  if (!isLive(one, now())) return null;
  if (!one.used) {
    const others = Object.entries(stored.credentials).filter(([other]) => other !== hash);
    const kept = others.filter(([, { yields, number }]) => !yields || number > one.number);
    const ended = others.filter((other) => !kept.includes(other)).map(([other]) => other);
    const credentials = Object.fromEntries([...kept, [hash, { ...one, used: true }]]);
    tables.file.transactionSync(() => write(store, id, { ...stored, credentials }, ended));
    announceEnds(store, id, ended, []);
  }
  return { account: stored.account, endsMs: one.ends, scopes: ALL_SCOPES, keyId: null };
}

/**
 * Within a step. What it returns runs after the step, and announces; null when there is no account.
 */
export function rotateCredential(
  store: Store,
  id: AccountId,
  hash: string,
  grace: CredentialGrace,
): (() => void) | null {
  const stored = storedAccount(store, id);
  if (stored === undefined) return null;
  const nowMs = store.now();
  const others = Object.entries(stored.credentials)
    .filter(([other]) => other !== hash)
    .map(([other, one]) => [other, shorten(one, nowMs, grace)] as const)
    // The first of them are kept.
    .sort(([, a], [, b]) => Number(b.used) - Number(a.used) || b.number - a.number);
  const kept = others.filter(([, one]) => isLive(one, nowMs)).slice(0, CREDENTIALS_MAX - 1);
  const ended = others.filter((other) => !kept.includes(other)).map(([other]) => other);
  const number = Math.max(0, ...others.map(([, one]) => one.number)) + 1;
  const newest = { ends: null, number, yields: false, used: kept.length === 0 };
  store.tables.credentials.putSync(hash, id);
  write(
    store,
    id,
    { ...stored, credentials: Object.fromEntries([...kept, [hash, newest]]) },
    ended,
  );
  const ending = kept.map(([credential, { ends }]) => ({ credential, at_ms: ends }));
  return () => announceEnds(store, id, ended, ending);
}

/** As `rotateCredential`: nothing but the new credential stays. */
export function resetCredential(store: Store, id: AccountId, hash: string): (() => void) | null {
  const stored = storedAccount(store, id);
  if (stored === undefined) return null;
  const ended = [...Object.keys(stored.credentials), ...Object.keys(stored.keys)];
  const numbers = Object.values(stored.credentials).map(({ number }) => number);
  const only = { ...FIRST_CREDENTIAL, number: Math.max(0, ...numbers) + 1 };
  write(store, id, { ...stored, credentials: { [hash]: only }, keys: {} }, ended);
  store.tables.credentials.putSync(hash, id);
  return () => announceEnds(store, id, ended, []);
}

export function credentialEnds(store: Store, id: AccountId): readonly CredentialEnd[] | null {
  const stored = storedAccount(store, id);
  if (stored === undefined) return null;
  const own = Object.entries(stored.credentials).map(([hash, { ends }]) => [hash, ends] as const);
  const keys = Object.entries(stored.keys).map(
    ([hash, { expires_at_ms }]) => [hash, expires_at_ms] as const,
  );
  return [...own, ...keys]
    .filter(([, ends]) => ends === null || ends > store.now())
    .map(([credential, at_ms]) => ({ credential, at_ms }));
}

/** The account if this is a live key of it; its use is written when the last is some time ago. */
function useKey(
  { tables, now }: Store,
  id: AccountId,
  stored: StoredAccount,
  hash: string,
): Used | null {
  const key = stored.keys?.[hash];
  if (key === undefined) return null;
  const { expires_at_ms, used_at_ms, scopes } = key;
  if (expires_at_ms !== null && expires_at_ms <= now()) return null;
  if (now() >= (used_at_ms ?? 0) + KEY_USE_MS) {
    const keys = { ...stored.keys, [hash]: { ...key, used_at_ms: now() } };
    tables.accounts.putSync(id, { ...stored, keys });
  }
  return { account: stored.account, endsMs: expires_at_ms, scopes, keyId: key.key_id };
}

function isLive({ ends }: StoredCredential, nowMs: number): boolean {
  return ends === null || ends > nowMs;
}

function shorten(one: StoredCredential, nowMs: number, grace: CredentialGrace): StoredCredential {
  const ends = Math.min(one.ends ?? Number.POSITIVE_INFINITY, nowMs + grace.ms);
  return { ...one, ends, yields: grace.untilUsed };
}

function write(
  { tables }: Store,
  id: AccountId,
  stored: StoredAccount,
  ended: readonly string[],
): void {
  for (const hash of ended) tables.credentials.removeSync(hash);
  tables.accounts.putSync(id, stored);
}

export function announceEnds(
  store: Store,
  account_id: AccountId,
  ended: readonly string[],
  ending: readonly CredentialEnd[],
): void {
  const ends = [...ended.map((credential) => ({ credential, at_ms: store.now() })), ...ending];
  if (ends.length === 0) return;
  const event = encodeEvent({ kind: "credentials_end", account_id, ends });
  store.announce(store.channels.deployment, event);
}
