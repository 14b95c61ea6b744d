/** Accounts in the file. */
import type { AccountId, Namespace } from "@ams/protocol";
import type { Accounts, Outcome } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import type { AccountLimits } from "../limits.ts";
import { type Account, type AccountUse, type Grant, isGranted } from "../records.ts";
import { embeddedEvents, forgetEvents } from "./account-events.ts";
import { embeddedKeys } from "./account-keys.ts";
import { removeConversation } from "./conversations.ts";
import {
  credentialEnds,
  FIRST_CREDENTIAL,
  resetCredential,
  rotateCredential,
  storedAccount,
  useCredential,
} from "./credentials.ts";
import { forgetSuspension } from "./hosting.ts";
import { forgetOutbox } from "./outbox.ts";
import { look, type Store, step } from "./store.ts";
import { keyOf, type StoredConversation, under } from "./tables.ts";
import { forgetUsage, ratesOf } from "./usage.ts";
import { forgetDeliveries } from "./webhooks.ts";

export function embeddedAccounts(store: Store): Accounts {
  const { tables, here } = store;

  return {
    createAccount: (account, credentialHash) =>
      step(store, () => createAccount(store, account, credentialHash)),

    account: (id) => look(() => storedAccount(store, id)?.account ?? null),

    accountOf: (namespace) =>
      look(() => {
        const id = tables.namespaces.get(namespace);
        return (id === undefined ? undefined : storedAccount(store, id)?.account) ?? null;
      }),

    accountByCredential: (hashes) => look(() => fullAccountOf(grantOf(store, hashes))),

    grantOf: (hashes) => look(() => grantOf(store, hashes)),

    accountUse: (id) => look(() => useOf(store, id)),

    ...embeddedKeys(store),
    ...embeddedEvents(store),

    credentialHolder: (hashes) =>
      look(() => {
        for (const credential of hashes) {
          const account_id = tables.credentials.get(credential);
          if (account_id !== undefined) return { account_id, credential };
        }
        return null;
      }),

    rotateCredential: (id, hash, grace) =>
      replace(store, () => rotateCredential(store, id, hash, grace)),

    resetCredential: (id, hash) => replace(store, () => resetCredential(store, id, hash)),

    credentialEnds: (id) => look(() => credentialEnds(store, id)),

    setAccountLimits: (id, limits) => setAccountLimits(store, id, limits),

    async deleteAccount(id) {
      const remove = () => {
        const stored = tables.accounts.get(id);
        if (stored === undefined) return [];
        const { namespace } = stored.account;
        const hashes = [...Object.keys(stored.credentials), ...Object.keys(stored.keys ?? {})];
        for (const hash of hashes) tables.credentials.removeSync(hash);
        tables.accounts.removeSync(id);
        forgetEvents(tables, id);
        forgetUsage(store, id);
        forgetDeliveries(tables, id);
        forgetSuspension(store, id);
        const owned = conversationsOf(store, namespace);
        const announcements = owned.map((one) => removeConversation(store, one));
        tables.floors.removeSync(namespace);
        for (const owner of [namespace, id]) forgetOutbox(store, owner);
        return announcements;
      };
      await step(store, remove, (announcements) => {
        for (const announceClosed of announcements) announceClosed();
        here.slots.stream.delete(id);
        here.slots.guest.delete(id);
        const event = encodeEvent({ kind: "account_deleted", account_id: id });
        store.announce(store.channels.deployment, event);
      });
    },
  };
}

function setAccountLimits(
  store: Store,
  id: AccountId,
  limits: AccountLimits,
): ReturnType<Accounts["setAccountLimits"]> {
  const { tables } = store;
  const set = (): Outcome<Account, "not_found"> => {
    const stored = storedAccount(store, id);
    if (stored === undefined) return notFound;
    const account: Account = { ...stored.account, ...limits };
    tables.accounts.putSync(id, { ...stored, account });
    for (const owned of conversationsOf(store, account.namespace)) {
      const conversation = {
        ...owned.conversation,
        subscribers_max: limits.subscribers_max,
      };
      tables.conversations.putSync(keyOf(conversation), { ...owned, conversation });
    }
    return { ok: true, value: account };
  };
  return step(store, set, ({ ok }) => {
    if (ok) announceLimits(store, id);
  });
}

export function announceLimits({ announce, channels }: Store, account_id: AccountId): void {
  announce(channels.deployment, encodeEvent({ kind: "limits_changed", account_id }));
}

/** A step that replaces credentials, and then announces which have ended. */
async function replace(
  store: Store,
  action: () => (() => void) | null,
): ReturnType<Accounts["rotateCredential"]> {
  const announceEnds = await step(store, action, (announce) => announce?.());
  return announceEnds === null ? notFound : { ok: true, value: null };
}

function createAccount(
  { tables }: Store,
  account: Account,
  credentialHash: string,
): Outcome<Account, "namespace_taken"> {
  const { account_id: id, namespace } = account;
  if (tables.namespaces.doesExist(namespace)) return { ok: false, fault: "namespace_taken" };
  tables.namespaces.putSync(namespace, id);
  tables.credentials.putSync(credentialHash, id);
  tables.accounts.putSync(id, { account, credentials: { [credentialHash]: FIRST_CREDENTIAL } });
  return { ok: true, value: account };
}

function fullAccountOf(grant: Grant | null): Account | null {
  return grant !== null && isGranted(grant.scopes, "full") ? grant.account : null;
}

function useOf(store: Store, id: AccountId): AccountUse | null {
  const { slots } = store.here;
  const stored = storedAccount(store, id);
  if (stored === undefined) return null;
  return {
    streams: slots.stream.get(id)?.size ?? 0,
    guests: slots.guest.get(id)?.size ?? 0,
    conversations: countListed(store, stored.account.namespace),
    keys: Object.keys(stored.keys).length,
    rates: ratesOf(store, id),
  };
}

function countListed({ tables }: Store, namespace: Namespace): number {
  let listed = 0;
  for (const _ of tables.listing.getKeys(under(namespace))) listed += 1;
  return listed;
}

function grantOf(store: Store, hashes: readonly string[]): Grant | null {
  const used = hashes.map((hash) => useCredential(store, hash)).find((one) => one !== null);
  if (used === undefined || used === null) return null;
  return { account: used.account, scopes: used.scopes, key_id: used.keyId };
}

const notFound = { ok: false, fault: "not_found" } as const;

function conversationsOf({ tables }: Store, namespace: Namespace): readonly StoredConversation[] {
  const aliases = [...tables.listing.getRange(under(namespace))].map(({ value }) => value);
  return aliases.flatMap((alias) => tables.conversations.get(keyOf({ namespace, alias })) ?? []);
}
