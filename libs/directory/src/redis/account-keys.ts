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

export function redisKeys(store: Store): Pick<Accounts, "createKey" | "keysOf" | "revokeKey"> {
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

    async revokeKey(id: AccountId, keyId: string) {
      const hash = textOf(await store.run(revokeKey, [names.account(id).keys], [keyId]));
      if (hash === null) return { ok: false, fault: "not_found" };
      await endCredentials(store, id, [hash], []);
      return { ok: true, value: null };
    },
  };
}

function encodeKey({ key_id, name, scopes, expires_at_ms, created_at }: AccountKey): string {
  const rest = JSON.stringify({ name, created_at });
  return `${expires_at_ms ?? 0} 0 ${scopes.join(",")} ${key_id} ${rest}`;
}

function decodeKey(kept: string): readonly AccountKey[] {
  const [, ends, used, scopes = "", key_id = "", json] = KEPT.exec(kept) ?? [];
  if (json === undefined) return [];
  const { name, created_at }: Pick<AccountKey, "name" | "created_at"> = JSON.parse(json);
  return [
    {
      key_id,
      name,
      scopes: decodeScopes(scopes),
      expires_at_ms: Number(ends) || null,
      created_at,
      used_at_ms: Number(used) || null,
    },
  ];
}
