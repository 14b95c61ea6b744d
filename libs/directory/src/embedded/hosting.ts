/** What operators need of the file: see hosting.ts above. */
import { isAccountId, type Namespace } from "@ams/protocol";
import type { Accounts } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import {
  type Hosting,
  type ListedAccount,
  OPERATOR_EVENTS_MAX,
  OPERATOR_KEYS_MAX,
  type OperatorKey,
  SUSPENDED_MAX,
} from "../hosting.ts";
import { equalsAny } from "../secrets.ts";
import { look, type Store, step } from "./store.ts";
import type { StoredOperatorKey } from "./tables.ts";

type Reads = Pick<Accounts, "account">;

export function embeddedHosting(store: Store, accounts: Reads): Hosting {
  return {
    ...operatorKeys(store),
    ...operatorLog(store),
    ...suspensions(store),
    ...gatewayReports(store),
    listAccounts: accountList(store, accounts),
  };
}

type KeyPart = "createOperatorKey" | "operatorKeys" | "operatorOf" | "revokeOperatorKey";

function operatorKeys(store: Store): Pick<Hosting, KeyPart> {
  const { tables } = store;
  const keptKeys = () => [...tables.operatorKeys.getRange({})].map(({ value }) => value);
  return {
    createOperatorKey: (hash, key) =>
      step(store, () => {
        if (keptKeys().length >= OPERATOR_KEYS_MAX) return limit;
        tables.operatorKeys.putSync(key.key_id, { ...key, hash });
        return done;
      }),

    operatorKeys: () => look(() => keptKeys().map(withoutHash)),

    operatorOf: (hashes) =>
      look(() => {
        const found = keptKeys().find(({ hash }) => equalsAny(hashes, hash));
        return found === undefined ? null : withoutHash(found);
      }),

    revokeOperatorKey: (keyId) =>
      step(store, () => (tables.operatorKeys.removeSync(keyId) ? done : notFound)),
  };
}

function operatorLog(store: Store): Pick<Hosting, "recordOperatorEvent" | "operatorEvents"> {
  const { tables, now } = store;
  return {
    recordOperatorEvent: (event) =>
      step(store, () => {
        const [last = ""] = tables.audit.getKeys({ reverse: true, limit: 1 });
        const fresh = keyAt(now(), 0);
        tables.audit.putSync(fresh > last ? fresh : keyAfter(last), event);
        // One goes for each that comes, once there are so many.
        const isFull = tables.audit.getKeysCount() > OPERATOR_EVENTS_MAX;
        for (const old of isFull ? [...tables.audit.getKeys({ limit: 1 })] : []) {
          tables.audit.removeSync(old);
        }
      }),

    operatorEvents: ({ before, limit: most }) =>
      look(() => {
        const start = before === null ? {} : { start: before, exclusiveStart: true };
        const rows = tables.audit.getRange({ ...start, reverse: true, limit: most });
        return [...rows].map(({ key, value }) => ({ event_id: key, ...value }));
      }),
  };
}

function accountList({ tables }: Store, { account }: Reads): Hosting["listAccounts"] {
  return async ({ prefix, after, limit: most }) => {
    const found: ListedAccount[] = [];
    const start = after === null ? prefix : `${after}!`;
    const ids = await look(() =>
      [...tables.namespaces.getRange({ start, end: `${prefix}{` })].map(({ value }) => value),
    );
    for (const id of ids) {
      if (found.length > most) break;
      const one = await account(id);
      const suspended = tables.suspended.get(id) ?? null;
      if (one !== null) found.push({ ...one, suspended });
    }
    const accounts = found.slice(0, most);
    const next: Namespace | null =
      found.length > most ? (accounts.at(-1)?.namespace ?? null) : null;
    return { accounts, next };
  };
}

type SuspensionPart = "setSuspension" | "suspensionOf" | "suspensionsVersion" | "suspendedAccounts";

function suspensions(store: Store): Pick<Hosting, SuspensionPart> {
  const { tables } = store;
  return {
    setSuspension: (id, suspension) => {
      const set = () => {
        if (!tables.accounts.doesExist(id)) return notFound;
        if (suspension === null) tables.suspended.removeSync(id);
        else if (
          !tables.suspended.doesExist(id) &&
          tables.suspended.getKeysCount() >= SUSPENDED_MAX
        )
          return suspensionLimit;
        else tables.suspended.putSync(id, suspension);
        countChange(store);
        return done;
      };
      return step(store, set, ({ ok }) => {
        const event = encodeEvent({ kind: "suspensions", account_id: id });
        if (ok) store.announce(store.channels.deployment, event);
      });
    },

    suspensionOf: (id) => look(() => tables.suspended.get(id) ?? null),
    suspensionsVersion: () => look(() => tables.floors.get(VERSION)?.claims ?? 0),
    suspendedAccounts: () => look(() => [...tables.suspended.getKeys({})].filter(isAccountId)),
  };
}

function gatewayReports(store: Store): Pick<Hosting, "report" | "reports" | "askDrain"> {
  return {
    report: (gateway, report, ttlMs) =>
      look(() => {
        store.here.reports.set(gateway, { report, endMs: performance.now() + ttlMs });
      }),

    reports: () =>
      look(() => {
        const live = [...store.here.reports].filter(([, { endMs }]) => endMs > performance.now());
        return live.map(([gateway, { report }]) => ({ gateway, report }));
      }),

    askDrain: (gateway) =>
      look(() =>
        store.announce(store.channels.deployment, encodeEvent({ kind: "drain", gateway })),
      ),
  };
}

/** Within a step: what operators know of an account goes with it. */
export function forgetSuspension(store: Store, id: Parameters<Hosting["suspensionOf"]>[0]): void {
  if (store.tables.suspended.removeSync(id)) countChange(store);
}

const done = { ok: true, value: null } as const;
const notFound = { ok: false, fault: "not_found" } as const;
const limit = { ok: false, fault: "operator_key_limit" } as const;
const suspensionLimit = { ok: false, fault: "suspension_limit" } as const;

/** The counter of the suspensions' changes, among those of namespaces; it is none itself. */
const VERSION = " suspensions";

function countChange({ tables }: Store): void {
  const { claims } = tables.floors.get(VERSION) ?? { claims: 0 };
  tables.floors.putSync(VERSION, { claims: claims + 1, links: 0 });
}

function withoutHash({ hash: _, ...key }: StoredOperatorKey): OperatorKey {
  return key;
}

/** Of fixed length, so that the order of the keys is that of the events. */
function keyAt(ms: number, number: number): string {
  return `${String(ms).padStart(16, "0")}-${String(number).padStart(6, "0")}`;
}

function keyAfter(key: string): string {
  const [ms, number] = key.split("-");
  return keyAt(Number(ms), Number(number) + 1);
}
