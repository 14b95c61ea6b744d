/** Keys of accounts on Redis: how one is kept is in redis/scripts/script.ts. */
import { type AccountId, KEYS_MAX } from "@ams/protocol";
import { answered, listOf, textOf, textsOf } from "@ams/store";
import { type Accounts, DirectoryUnavailable } from "../directory.ts";
import type { AccountKey } from "../records.ts";
import { endCredentials, forgetCredentials } from "./credentials.ts";
import { decodeScopes } from "./decode.ts";
import { PENDING_ACCOUNT_S } from "./keys.ts";
import { createKey, revokeKey } from "./scripts/keys.ts";
import type { Store } from "./store.ts";

/** Ends, last use, scopes, id, the rest as JSON. */
const KEPT = /^(\d+) (\d+) ([a-z,]+) (\S+) (.*)$/s;

type KeyMethods = "createKey" | "keysOf" | "keySigner" | "revokeKey";

export function redisKeys(store: Store): Pick<Accounts, KeyMethods> {
  const { client, keys: names } = store;
  return {
    async createKey(id, hash, key) {
      const { record, keys } = names.account(id);
      const entry = names.credential(hash);
      // It ends by itself until the key is the account's: a crash leaves nothing.
      await answered("SET", client.set(entry, id, "EX", PENDING_ACCOUNT_S));
      const args = [hash, encodeKey(key), KEYS_MAX, store.now()];
      const [status, ended] = listOf(await store.run(createKey, [record, keys], args));
      await forgetCredentials(store, textsOf(ended));
      if (textOf(status) !== "made") {
        await forgetCredentials(store, [hash]);
        return { ok: false, fault: textOf(status) === "full" ? "key_limit" : "not_found" };
      }
      const kept = await answered("PERSIST", client.persist(entry));
      if (kept !== 1) throw new DirectoryUnavailable("Making the key took too long");
      return { ok: true, value: null };
    },

    async keysOf(id) {
      const { record, keys } = names.account(id);
      const [exists, all] = await Promise.all([
        answered("EXISTS", client.exists(record)),
        answered("HVALS", client.hvals(keys)),
      ]);
      if (exists === 0) return null;
      return all.flatMap(decodeKey).sort((a, b) => (a.key_id < b.key_id ? -1 : 1));
    },

    async keySigner(id, keyId) {
      const all = await answered("HGETALL", client.hgetall(names.account(id).keys));
      for (const [credential, kept] of Object.entries(all)) {
        const [key] = decodeKey(kept);
        if (key?.key_id !== keyId) continue;
        const { public_key, scopes, expires_at_ms } = key;
        const isLive = expires_at_ms === null || expires_at_ms > store.now();
        return isLive && public_key !== undefined ? { credential, public_key, scopes } : null;
      }
      return null;
    },

    async revokeKey(id: AccountId, keyId: string) {
      const hash = textOf(await store.run(revokeKey, [names.account(id).keys], [keyId]));
      if (hash === null) return { ok: false, fault: "not_found" };
      await endCredentials(store, id, [hash], []);
      return { ok: true, value: null };
    },
  };
}

function encodeKey(key: AccountKey): string {
  const { key_id, name, scopes, expires_at_ms, created_at, public_key } = key;
  const rest = JSON.stringify({ name, created_at, public_key });
  return `${expires_at_ms ?? 0} 0 ${scopes.join(",")} ${key_id} ${rest}`;
}

function decodeKey(kept: string): readonly AccountKey[] {
  const [, ends, used, scopes = "", key_id = "", json] = KEPT.exec(kept) ?? [];
  if (json === undefined) return [];
  const rest: Pick<AccountKey, "name" | "created_at" | "public_key"> = JSON.parse(json);
  return [
    {
      ...rest,
      key_id,
      scopes: decodeScopes(scopes),
      expires_at_ms: Number(ends) || null,
      used_at_ms: Number(used) || null,
    },
  ];
}
