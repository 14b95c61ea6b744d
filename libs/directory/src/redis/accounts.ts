/**
 * Accounts on Redis: the record and all that hangs on it in one slot, the namespace and its lists
 * in another.
 */

import type { AccountId } from "@ams/protocol";
import { answered, listOf, textsOf } from "@ams/store";
import { LRUCache } from "lru-cache";
import { type Accounts, type Conversations, DirectoryUnavailable } from "../directory.ts";
import { type Account, type AccountUse, isGranted } from "../records.ts";
import { redisEvents } from "./account-events.ts";
import { redisKeys } from "./account-keys.ts";
import {
  announceToDeployment,
  checkHolder,
  findHolder,
  forgetCredentials,
  HOLDERS_MAX,
  type Holders,
  resetCredential,
  rotateCredential,
  toEnds,
} from "./credentials.ts";
import {
  ACCOUNT_FIELDS,
  DELETED_MARK,
  decodeAccount,
  encodeFirst,
  encodeLimits,
  toAccountId,
} from "./decode.ts";
import { forgetAccount, listedAccount } from "./hosting.ts";
import { PENDING_ACCOUNT_S } from "./keys.ts";
import { everyListed } from "./listing.ts";
import {
  deleteAccount,
  keepAccount,
  keepNamespace,
  listCredentials,
  markDeleted,
  setFields,
  writeAccount,
} from "./scripts/accounts.ts";
import { setSubscribersMax } from "./scripts/conversations.ts";
import { type Store, unindex } from "./store.ts";
import { readRates } from "./usage.ts";

export function redisAccounts(store: Store, conversations: Conversations): Accounts {
  const { client, keys: names } = store;
  const holders: Holders = new LRUCache({ max: HOLDERS_MAX });

  const account: Accounts["account"] = (id) => readAccount(store, id);

  const grantOf: Accounts["grantOf"] = async (hashes) => {
    const holder = await findHolder(store, holders, hashes);
    return holder === null ? null : checkHolder(store, holder);
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
      const grant = await grantOf(hashes);
      return grant !== null && isGranted(grant.scopes, "full") ? grant.account : null;
    },

    grantOf,

    async accountUse(id) {
      const owner = await account(id);
      return owner === null ? null : readUse(store, owner);
    },

    ...redisKeys(store),
    ...redisEvents(store),

    credentialHolder: (hashes) => findHolder(store, holders, hashes),

    rotateCredential: (id, hash, grace) => rotateCredential(store, id, hash, grace),
    resetCredential: (id, hash) => resetCredential(store, id, hash),

    async credentialEnds(id) {
      const { record, credentials, keys } = store.keys.account(id);
      const reply = await store.run(listCredentials, [record, credentials, keys], [store.now()]);
      return reply === null ? null : toEnds(textsOf(reply));
    },

    async setAccountLimits(id, limits) {
      const { record } = store.keys.account(id);
      if ((await store.run(setFields, [record], encodeLimits(limits))) === 0) return notFound;
      const changed = await account(id);
      if (changed === null) return notFound;
      const { namespace } = changed;
      await everyListed(store, namespace, async ({ alias, conversation_id }) => {
        const { record } = store.keys.conversation({ namespace, alias });
        const args = [conversation_id, limits.subscribers_max ?? ""];
        await store.run(setSubscribersMax, [record], args);
      });
      await announceToDeployment(store, { kind: "limits_changed", account_id: id });
      return { ok: true, value: changed };
    },

    async deleteAccount(id) {
      const gone = await account(id);
      if (gone !== null) {
        const { namespace } = gone;
        // The mark comes first: from here on nobody can mint here, and a crash leaves a credential
        // to try again with.
        await store.run(markDeleted, [names.namespace(namespace).owner], [`${id}${DELETED_MARK}`]);
        await everyListed(store, namespace, async ({ alias }) => {
          await conversations.deleteConversation({ namespace, alias });
        });
        await answered("DEL", client.del(names.namespace(namespace).canonical));
      }
      const hashes = await removeAccount(store, id);
      await announceToDeployment(store, { kind: "account_deleted", account_id: id });
      await forgetAccount(store, id, gone?.namespace ?? null, hashes);
    },
  };
}

export async function readAccount({ client, keys }: Store, id: AccountId): Promise<Account | null> {
  const reading = client.hmget(keys.account(id).record, "record", ...ACCOUNT_FIELDS);
  return decodeAccount(await answered("HMGET", reading));
}

const notFound = { ok: false, fault: "not_found" } as const;

async function readUse(store: Store, { account_id, namespace }: Account): Promise<AccountUse> {
  const { client } = store;
  const { slots, guests, keys } = store.keys.account(account_id);
  const [streams, held, made, conversations, rates] = await Promise.all([
    answered("HLEN", client.hlen(slots)),
    answered("HLEN", client.hlen(guests)),
    answered("HLEN", client.hlen(keys)),
    answered("ZCARD", client.zcard(store.keys.namespace(namespace).conversations)),
    readRates(store, account_id),
  ]);
  return { streams, guests: held, conversations, keys: made, rates };
}

/**
 * Account and credential end by themselves until the namespace is won and all is kept, the
 * namespace last: a crash at any point leaves no namespace taken without an account.
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
    store.run(writeAccount, [keys.record, keys.credentials], [...args, ...encodeFirst(account)]),
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
  // Before the namespace is kept: an entry without an account is passed over.
  const entry = listedAccount(namespace, id);
  await answered("ZADD", client.zadd(store.keys.accounts, 0, entry));
  const all = kept.every((reply) => reply === 1);
  if (!all || (await store.run(keepNamespace, [owner], [id])) !== 1) {
    throw new DirectoryUnavailable("Making the account took too long");
  }
  return { ok: true, value: account };
}

/** The hashes of its credentials. */
async function removeAccount(store: Store, id: AccountId): Promise<readonly string[]> {
  const at = store.keys.account(id);
  const { record, credentials, keys, events, slots, guests, heldPrefix } = at;
  const beside = [at.webhooks, at.deliveries, at.usage, at.sources];
  const all = [record, credentials, keys, events, slots, guests, ...beside];
  const [hashes, indexed] = listOf(await store.run(deleteAccount, all, [id])).map(textsOf);
  await unindex(store, heldPrefix, indexed ?? []);
  return hashes ?? [];
}
