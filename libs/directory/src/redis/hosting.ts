/** What operators need of Redis: see hosting.ts above. */
import { type AccountId, isAccountId, isNamespace, type Namespace } from "@ams/protocol";
import { answered, textOf } from "@ams/store";
import { Cluster } from "ioredis";
import type { Accounts } from "../directory.ts";
import {
  type Hosting,
  type ListedAccount,
  OPERATOR_EVENTS_MAX,
  OPERATOR_KEYS_MAX,
  type OperatorEvent,
  type OperatorKey,
  SUSPENDED_MAX,
  type Suspension,
} from "../hosting.ts";
import { equalsAny } from "../secrets.ts";
import { announceToDeployment, forgetCredentials } from "./credentials.ts";
import { DELETED_MARK } from "./decode.ts";
import { createOperatorKey, setSuspension } from "./scripts/hosting.ts";
import type { Store } from "./store.ts";

/** Entries of the list, or of a hash, that are read at a time. */
const CHUNK = 500;

/** The member that says that the list has the accounts of earlier versions too; no namespace. */
const COMPLETE = " complete";

/** The field of the suspensions that counts their changes; no account id. */
const VERSION = "version";

type KeptKey = OperatorKey & { readonly hash: string };

type Reads = Pick<Accounts, "account">;

export function redisHosting(store: Store, accounts: Reads): Hosting {
  return {
    ...operatorKeys(store),
    ...operatorLog(store),
    ...suspensions(store, accounts),
    ...gatewayReports(store),
    listAccounts: accountList(store, accounts),
  };
}

type KeyPart = "createOperatorKey" | "operatorKeys" | "operatorOf" | "revokeOperatorKey";

function operatorKeys({ client, keys, run }: Store): Pick<Hosting, KeyPart> {
  const keptKeys = async (): Promise<readonly KeptKey[]> => {
    const all = await answered("HVALS", client.hvals(keys.operatorKeys));
    const kept = all.map((json): KeptKey => JSON.parse(json));
    return kept.sort((a, b) => (a.key_id < b.key_id ? -1 : 1));
  };

  return {
    async createOperatorKey(hash, key) {
      const args = [key.key_id, JSON.stringify({ ...key, hash }), OPERATOR_KEYS_MAX];
      const made = await run(createOperatorKey, [keys.operatorKeys], args);
      return made === 1
        ? { ok: true, value: null }
        : { ok: false, fault: "operator_key_limit" as const };
    },

    operatorKeys: async () => (await keptKeys()).map(({ hash: _, ...key }) => key),

    async operatorOf(hashes) {
      const found = (await keptKeys()).find(({ hash }) => equalsAny(hashes, hash));
      if (found === undefined) return null;
      const { hash: _, ...key } = found;
      return key;
    },

    async revokeOperatorKey(keyId) {
      const gone = await answered("HDEL", client.hdel(keys.operatorKeys, keyId));
      return gone === 1 ? { ok: true, value: null } : { ok: false, fault: "not_found" as const };
    },
  };
}

function operatorLog({
  client,
  keys,
}: Store): Pick<Hosting, "recordOperatorEvent" | "operatorEvents"> {
  return {
    async recordOperatorEvent(event) {
      const { audit } = keys;
      const json = JSON.stringify(event);
      await answered(
        "XADD",
        client.xadd(audit, "MAXLEN", "~", OPERATOR_EVENTS_MAX, "*", "event", json),
      );
    },

    async operatorEvents({ before, limit }) {
      const from = before === null ? "+" : `(${before}`;
      const reading = client.xrevrange(keys.audit, from, "-", "COUNT", limit);
      return (await answered("XREVRANGE", reading)).map(([event_id, [, json = "{}"]]) => {
        const event: OperatorEvent = JSON.parse(json);
        return { event_id, ...event };
      });
    },
  };
}

function accountList(store: Store, { account }: Reads): Hosting["listAccounts"] {
  const { client, keys } = store;
  const suspensionsOf = async (ids: readonly AccountId[]) => {
    if (ids.length === 0) return [];
    const all = await answered("HMGET", client.hmget(keys.suspended, ...ids));
    return all.map((json): Suspension | null => (json === null ? null : JSON.parse(json)));
  };

  return async ({ prefix, after, limit }) => {
    await completeList(store);
    const found: ListedAccount[] = [];
    // `-` sorts after the blank that ends a namespace, `{` after every character of one.
    const to = prefix === "" ? "+" : `(${prefix}{`;
    for (let from = after === null ? `[${prefix}` : `(${after}!`; found.length <= limit; ) {
      const reading = client.zrangebylex(keys.accounts, from, to, "LIMIT", 0, CHUNK);
      const members = await answered("ZRANGEBYLEX", reading);
      const ids = members.map((member) => member.split(" ")[1] ?? "").filter(isAccountId);
      const [accounts, suspensions] = await Promise.all([
        Promise.all(ids.map((id) => account(id))),
        suspensionsOf(ids),
      ]);
      accounts.forEach((one, at) => {
        if (one !== null) found.push({ ...one, suspended: suspensions[at] ?? null });
      });
      if (members.length < CHUNK) break;
      from = `(${members.at(-1) ?? ""}`;
    }
    const accounts = found.slice(0, limit);
    const next = found.length > limit ? (accounts.at(-1)?.namespace ?? null) : null;
    return { accounts, next };
  };
}

type SuspensionPart = "setSuspension" | "suspensionOf" | "suspensionsVersion" | "suspendedAccounts";

function suspensions(store: Store, { account }: Reads): Pick<Hosting, SuspensionPart> {
  const { client, keys } = store;
  return {
    async setSuspension(id, suspension) {
      if ((await account(id)) === null) return { ok: false, fault: "not_found" };
      const args = [id, suspension === null ? "" : JSON.stringify(suspension), SUSPENDED_MAX];
      const done = textOf(await store.run(setSuspension, [keys.suspended], args));
      if (done === "full") return { ok: false, fault: "suspension_limit" };
      // It may have been deleted meanwhile, and nothing of it is to stay.
      if ((await account(id)) === null) {
        await store.run(setSuspension, [keys.suspended], [id, "", SUSPENDED_MAX]);
        return { ok: false, fault: "not_found" };
      }
      await announceToDeployment(store, { kind: "suspensions", account_id: id });
      return { ok: true, value: null };
    },

    async suspensionOf(id) {
      const json = await answered("HGET", client.hget(keys.suspended, id));
      return json === null ? null : JSON.parse(json);
    },

    async suspensionsVersion() {
      return Number((await answered("HGET", client.hget(keys.suspended, VERSION))) ?? 0);
    },

    async suspendedAccounts() {
      const ids = new Set<AccountId>();
      for (let cursor = "0"; ; ) {
        const scan = client.hscan(keys.suspended, cursor, "COUNT", CHUNK);
        const [next, fields] = await answered("HSCAN", scan);
        for (let at = 0; at < fields.length; at += 2) {
          const id = fields[at] ?? "";
          if (isAccountId(id)) ids.add(id);
        }
        if (next === "0" || ids.size > SUSPENDED_MAX) return [...ids];
        cursor = next;
      }
    },
  };
}

function gatewayReports(store: Store): Pick<Hosting, "report" | "reports" | "askDrain"> {
  const { client, keys } = store;
  return {
    async report(gateway, report, ttlMs) {
      const key = keys.report(gateway);
      await answered("SET", client.set(key, report, "PX", ttlMs));
    },

    async reports() {
      const gateways = await answered("ZRANGE", client.zrange(keys.gateways, 0, CHUNK - 1));
      if (gateways.length === 0) return [];
      const names = gateways.map((gateway) => keys.report(gateway));
      const all = await answered("MGET", client.mget(...names));
      return gateways.flatMap((gateway, at) => {
        const report = all[at] ?? null;
        return report === null ? [] : [{ gateway, report }];
      });
    },

    askDrain: (gateway) => announceToDeployment(store, { kind: "drain", gateway }),
  };
}

/** How the list of accounts names one: by namespace, then by id. */
export function listedAccount(namespace: Namespace, id: AccountId): string {
  return `${namespace} ${id}`;
}

/** Adds the accounts that earlier versions have made without the list, once per store. */
async function completeList(store: Store): Promise<void> {
  const { client, keys } = store;
  const complete = client.zscore(keys.accounts, COMPLETE);
  if ((await answered("ZSCORE", complete)) !== null) return;
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  for (const node of nodes) {
    for (let cursor = "0"; ; ) {
      const scan = node.scan(
        cursor,
        "MATCH",
        keys.namespacePattern,
        "COUNT",
        CHUNK,
        "TYPE",
        "string",
      );
      const [next, names] = await answered("SCAN", scan);
      for (const name of names) {
        const namespace = name.slice(name.lastIndexOf(":") + 1);
        const owner = await answered("GET", client.get(name));
        const id = owner === null || owner.endsWith(DELETED_MARK) ? "" : owner;
        if (!isNamespace(namespace) || !isAccountId(id)) continue;
        await answered("ZADD", client.zadd(keys.accounts, 0, listedAccount(namespace, id)));
      }
      if (next === "0") break;
      cursor = next;
    }
  }
  await answered("ZADD", client.zadd(keys.accounts, 0, COMPLETE));
}

/** Its credentials, and what operators know of it, go with an account. */
export async function forgetAccount(
  store: Store,
  id: AccountId,
  namespace: Namespace | null,
  credentials: readonly string[],
): Promise<void> {
  const { client, keys } = store;
  await forgetCredentials(store, credentials);
  await store.run(setSuspension, [keys.suspended], [id, "", SUSPENDED_MAX]);
  if (namespace === null) return;
  await answered("ZREM", client.zrem(keys.accounts, listedAccount(namespace, id)));
}
