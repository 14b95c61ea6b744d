/**
 * Accounts on Redis. Whether a credential is live stands in its account's own slot; `ams:credential:…` only says where
 * to look. So one step there ends a credential, or all of them.
 */
import type { AccountId } from "@ams/protocol";
import { LRUCache } from "lru-cache";
import {
  type Accounts,
  type Conversations,
  type CredentialHolder,
  DirectoryUnavailable,
} from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { PENDING_ACCOUNT_S } from "../keys.ts";
import type { Account } from "../records.ts";
import { DELETED_MARK, decodeAccount, encodeLimits, LIMIT_FIELDS, toAccountId } from "./decode.ts";
import { everyListed } from "./listing.ts";
import {
  checkCredential,
  deleteAccount,
  keepAccount,
  keepNamespace,
  markDeleted,
  prepareCredential,
  rotateCredential,
  setLimits,
  writeAccount,
} from "./scripts/accounts.ts";
import { setSubscribersMax } from "./scripts/conversations.ts";
import { answered, listOf, type Store, textOf, textsOf, unindex } from "./store.ts";

/** Milliseconds for which a credential that is being brought in is left alone by other rotations. */
const PENDING_CREDENTIAL_MS = 60_000;

/**
 * Credentials whose account is remembered: enough for those that come back all the time, about 5 MB. A credential is never
 * given to another account, so what is remembered stays true; whether it is live is looked up each time.
 */
const HOLDERS_MAX = 20_000;

/** By a credential's hash, the account that it was made for. */
type Holders = LRUCache<string, AccountId>;

export function redisAccounts(store: Store, conversations: Conversations): Accounts {
  const { client, keys: names } = store;
  const holders: Holders = new LRUCache({ max: HOLDERS_MAX });

  const account: Accounts["account"] = async (id) => {
    const { record } = store.keys.account(id);
    return decodeAccount(await answered("HMGET", client.hmget(record, "record", ...LIMIT_FIELDS)));
  };

  return {
    createAccount: (made, credentialHash) => createAccount(store, made, credentialHash),

    account,

    async accountOf(namespace) {
      const owner = await answered("GET", client.get(names.namespace(namespace).owner));
      const id = owner === null ? null : toAccountId(owner.replace(DELETED_MARK, ""));
      return id === null ? null : account(id);
    },

    async accountByCredential(hashes) {
      const holder = await findHolder(store, holders, hashes);
      return holder === null ? null : checkHolder(store, holder);
    },

    credentialHolder: (hashes) => findHolder(store, holders, hashes),

    async rotateCredential(id, hash, graceMs) {
      const { record, credentials } = names.account(id);
      const keys = [record, credentials];
      if ((await store.run(prepareCredential, keys, [hash, store.now()])) !== 1) return notFound;
      await answered("SET", client.set(names.credential(hash), id));
      const args = [hash, store.now(), graceMs, PENDING_CREDENTIAL_MS];
      const reply = await store.run(rotateCredential, keys, args);
      if (reply === null) {
        await answered("DEL", client.del(names.credential(hash)));
        return notFound;
      }
      const [ended, ending] = listOf(reply).map(textsOf);
      await forgetCredentials(store, ended ?? []);
      await Promise.all(
        (ending ?? []).map((old) =>
          answered("PEXPIRE", client.pexpire(names.credential(old), Math.ceil(graceMs), "LT")),
        ),
      );
      return { ok: true, value: null };
    },

    async setAccountLimits(id, limits) {
      const { record } = store.keys.account(id);
      const json = textOf(await store.run(setLimits, [record], encodeLimits(limits)));
      const stored = decodeAccount([json]);
      if (stored === null) return notFound;
      const changed = { ...stored, ...limits };
      const { namespace } = changed;
      await everyListed(store, namespace, async ({ alias, conversation_id }) => {
        const { record } = store.keys.conversation({ namespace, alias });
        const args = [conversation_id, limits.subscribers_max ?? ""];
        await store.run(setSubscribersMax, [record], args);
      });
      return { ok: true, value: changed };
    },

    async deleteAccount(id) {
      const gone = await account(id);
      if (gone !== null) {
        const { namespace } = gone;
        // The mark comes first: from here on nobody can mint here, and a crash leaves a credential to try again with.
        await store.run(markDeleted, [names.namespace(namespace).owner], [`${id}${DELETED_MARK}`]);
        await everyListed(store, namespace, async ({ alias }) => {
          await conversations.deleteConversation({ namespace, alias });
        });
      }
      const hashes = await removeAccount(store, id);
      await announceDeleted(store, id);
      await forgetCredentials(store, hashes);
    },
  };
}

const notFound = { ok: false, fault: "not_found" } as const;

/**
 * Account and credential end by themselves until the namespace is won and all is kept, the namespace last: a crash at
 * any point leaves no namespace taken without an account.
 */
async function createAccount(
  store: Store,
  account: Account,
  credentialHash: string,
): ReturnType<Accounts["createAccount"]> {
  const { client } = store;
  const { account_id: id, namespace } = account;
  const keys = store.keys.account(id);
  const { owner } = store.keys.namespace(namespace);
  const credential = store.keys.credential(credentialHash);
  const args = [JSON.stringify(account), credentialHash, PENDING_ACCOUNT_S];
  await Promise.all([
    store.run(writeAccount, [keys.record, keys.credentials], [...args, ...encodeLimits(account)]),
    answered("SET", client.set(credential, id, "EX", PENDING_ACCOUNT_S)),
  ]);
  const won = await answered("SET", client.set(owner, id, "EX", PENDING_ACCOUNT_S, "NX"));
  if (won === null) {
    await removeAccount(store, id);
    await forgetCredentials(store, [credentialHash]);
    return { ok: false, fault: "namespace_taken" };
  }
  const kept = await Promise.all([
    store.run(keepAccount, [keys.record, keys.credentials], []),
    answered("PERSIST", client.persist(credential)),
  ]);
  const all = kept.every((reply) => reply === 1);
  if (!all || (await store.run(keepNamespace, [owner], [id])) !== 1) {
    throw new DirectoryUnavailable("Making the account took too long");
  }
  return { ok: true, value: account };
}

async function findHolder(
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

async function checkHolder(
  store: Store,
  { account_id, credential }: CredentialHolder,
): Promise<Account | null> {
  const { record, credentials } = store.keys.account(account_id);
  const args = [credential, store.now(), ...LIMIT_FIELDS];
  const reply = await store.run(checkCredential, [record, credentials], args);
  return reply === null ? null : decodeAccount(listOf(reply).map(textOf));
}

/** The hashes of its credentials. */
async function removeAccount(store: Store, id: AccountId): Promise<readonly string[]> {
  const { record, credentials, places, guests, heldPrefix } = store.keys.account(id);
  const keys = [record, credentials, places, guests];
  const [hashes, indexed] = listOf(await store.run(deleteAccount, keys, [id])).map(textsOf);
  await unindex(store, heldPrefix, indexed ?? []);
  return hashes ?? [];
}

async function forgetCredentials(store: Store, hashes: readonly string[]): Promise<void> {
  await Promise.all(
    hashes.map((hash) => answered("DEL", store.client.del(store.keys.credential(hash)))),
  );
}

async function announceDeleted(store: Store, id: Account["account_id"]): Promise<void> {
  const event = encodeEvent({ kind: "account_deleted", account_id: id });
  const { client, publish } = store;
  const sent =
    publish === "PUBLISH"
      ? client.publish(store.keys.channels.deployment, event)
      : client.spublish(store.keys.channels.deployment, event);
  await answered(publish, sent);
}
