/** Accounts in the file. */
import type { AccountId, Namespace } from "@ams/protocol";
import type { Accounts, Outcome } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { type Account, DEPLOYMENT_LIMITS } from "../records.ts";
import { removeConversation } from "./conversations.ts";
import { look, type Store, step } from "./store.ts";
import { keyOf, type StoredAccount, type StoredConversation, under } from "./tables.ts";

export function embeddedAccounts(store: Store): Accounts {
  const { tables, here, now } = store;

  return {
    createAccount: (account, credentialHash) =>
      step(store, () => createAccount(store, account, credentialHash)),

    account: (id) => look(() => storedAccount(store, id)?.account ?? null),

    accountOf: (namespace) =>
      look(() => {
        const id = tables.namespaces.get(namespace);
        return (id === undefined ? undefined : storedAccount(store, id)?.account) ?? null;
      }),

    accountByCredential: (hashes) =>
      look(() => {
        const found = hashes.map((hash) => accountOfCredential(store, hash));
        return found.find((account) => account !== null) ?? null;
      }),

    credentialHolder: (hashes) =>
      look(() => {
        for (const credential of hashes) {
          const account_id = tables.credentials.get(credential);
          if (account_id !== undefined) return { account_id, credential };
        }
        return null;
      }),

    rotateCredential: (id, hash, graceMs) =>
      step(store, () => {
        const stored = storedAccount(store, id);
        if (stored === undefined) return notFound;
        const credentials: Record<string, number | null> = { [hash]: null };
        for (const [old, ends] of Object.entries(stored.credentials)) {
          const endsMs = Math.min(ends ?? Number.POSITIVE_INFINITY, now() + graceMs);
          if (old === hash) continue;
          if (endsMs > now()) credentials[old] = endsMs;
          else tables.credentials.removeSync(old);
        }
        tables.credentials.putSync(hash, id);
        tables.accounts.putSync(id, { account: stored.account, credentials });
        return { ok: true, value: null };
      }),

    setAccountLimits: (id, limits) =>
      step(store, () => {
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
      }),

    async deleteAccount(id) {
      const remove = () => {
        const stored = tables.accounts.get(id);
        if (stored === undefined) return [];
        const { namespace } = stored.account;
        for (const hash of Object.keys(stored.credentials)) tables.credentials.removeSync(hash);
        tables.accounts.removeSync(id);
        return conversationsOf(store, namespace).map((owned) => removeConversation(store, owned));
      };
      await step(store, remove, (announcements) => {
        for (const announceClosed of announcements) announceClosed();
        here.places.stream.delete(id);
        here.places.guest.delete(id);
        const event = encodeEvent({ kind: "account_deleted", account_id: id });
        store.announce(store.channels.deployment, event);
      });
    },
  };
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
  tables.accounts.putSync(id, { account, credentials: { [credentialHash]: null } });
  return { ok: true, value: account };
}

const notFound = { ok: false, fault: "not_found" } as const;

/** The account if this is a live credential of it. */
export function accountOfCredential(store: Store, hash: string): Account | null {
  const { tables, now } = store;
  const id = tables.credentials.get(hash);
  const stored = id === undefined ? undefined : storedAccount(store, id);
  const ends = stored?.credentials[hash];
  if (stored === undefined || ends === undefined) return null;
  return ends === null || ends > now() ? stored.account : null;
}

/** A file of an earlier version lacks the limits that have come since. */
export function storedAccount({ tables }: Store, id: AccountId): StoredAccount | undefined {
  const stored = tables.accounts.get(id);
  return stored && { ...stored, account: { ...DEPLOYMENT_LIMITS, ...stored.account } };
}

function conversationsOf({ tables }: Store, namespace: Namespace): readonly StoredConversation[] {
  const aliases = [...tables.listing.getRange(under(namespace))].map(({ value }) => value);
  return aliases.flatMap((alias) => tables.conversations.get(keyOf({ namespace, alias })) ?? []);
}
