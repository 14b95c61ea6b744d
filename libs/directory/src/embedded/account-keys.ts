/** Keys of accounts in the file. */
import { KEYS_MAX } from "@ams/protocol";
import type { Accounts } from "../directory.ts";
import { announceEnds, storedAccount } from "./credentials.ts";
import { look, type Store, step } from "./store.ts";

const notFound = { ok: false, fault: "not_found" } as const;

type KeyMethods = "createKey" | "keysOf" | "keySigner" | "revokeKey";

export function embeddedKeys(store: Store): Pick<Accounts, KeyMethods> {
  const { tables, now } = store;
  return {
    createKey: (id, hash, key) =>
      step(store, () => {
        const stored = storedAccount(store, id);
        if (stored === undefined) return notFound;
        let kept = Object.entries(stored.keys);
        if (kept.length >= KEYS_MAX) {
          const isLive = (ends: number | null) => ends === null || ends > now();
          for (const [other, { expires_at_ms }] of kept) {
            if (!isLive(expires_at_ms)) tables.credentials.removeSync(other);
          }
          kept = kept.filter(([, { expires_at_ms }]) => isLive(expires_at_ms));
        }
        const isFull = kept.length >= KEYS_MAX;
        const keys = Object.fromEntries(isFull ? kept : [...kept, [hash, key]]);
        tables.accounts.putSync(id, { ...stored, keys });
        if (isFull) return { ok: false, fault: "key_limit" };
        tables.credentials.putSync(hash, id);
        return { ok: true, value: null };
      }),

    keysOf: (id) =>
      look(() => {
        const stored = storedAccount(store, id);
        if (stored === undefined) return null;
        return Object.values(stored.keys).sort((a, b) => (a.key_id < b.key_id ? -1 : 1));
      }),

    keySigner: (id, keyId) =>
      look(() => {
        const all = Object.entries(storedAccount(store, id)?.keys ?? {});
        const [credential, key] = all.find(([, { key_id }]) => key_id === keyId) ?? [];
        if (credential === undefined || key?.public_key === undefined) return null;
        const { public_key, scopes, expires_at_ms } = key;
        const isLive = expires_at_ms === null || expires_at_ms > now();
        return isLive ? { credential, public_key, scopes } : null;
      }),

    async revokeKey(id, keyId) {
      const revoke = () => {
        const stored = storedAccount(store, id);
        const [hash] =
          Object.entries(stored?.keys ?? {}).find(([, { key_id }]) => key_id === keyId) ?? [];
        if (stored === undefined || hash === undefined) return null;
        const keys = Object.fromEntries(
          Object.entries(stored.keys).filter(([other]) => other !== hash),
        );
        tables.accounts.putSync(id, { ...stored, keys });
        tables.credentials.removeSync(hash);
        return hash;
      };
      const revoked = await step(store, revoke, (hash) => {
        if (hash !== null) announceEnds(store, id, [hash], []);
      });
      return revoked === null ? notFound : { ok: true, value: null };
    },
  };
}
