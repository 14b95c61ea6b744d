/** The audit log of an account in the file. */
import { ACCOUNT_EVENTS_MAX, type AccountId } from "@ams/protocol";
import type { Accounts } from "../directory.ts";
import { look, type Store, step } from "./store.ts";
import { type Tables, under } from "./tables.ts";

export function embeddedEvents(store: Store): Pick<Accounts, "recordEvent" | "eventsOf"> {
  const { tables, now } = store;
  return {
    recordEvent: (id, event) =>
      step(store, () => {
        if (!tables.accounts.doesExist(id)) return;
        const keys = [...tables.events.getKeys(under(id))];
        const last = keys.at(-1) ?? "";
        const fresh = keyAt(id, now(), 0);
        tables.events.putSync(fresh > last ? fresh : next(id, last), event);
        for (const old of keys.slice(0, Math.max(0, keys.length + 1 - ACCOUNT_EVENTS_MAX))) {
          tables.events.removeSync(old);
        }
      }),

    eventsOf: (id, { before, limit }) =>
      look(() => {
        const rows = [...tables.events.getRange(under(id))].reverse();
        return rows
          .map(({ key, value }) => ({ event_id: key.slice(id.length + 1), ...value }))
          .filter(({ event_id }) => before === null || event_id < before)
          .slice(0, limit);
      }),
  };
}

export function forgetEvents({ events }: Tables, id: AccountId): void {
  for (const key of [...events.getKeys(under(id))]) events.removeSync(key);
}

/** Of fixed length, so that the order of the keys is that of the events. */
function keyAt(id: AccountId, ms: number, number: number): string {
  return `${id} ${String(ms).padStart(16, "0")}-${String(number).padStart(6, "0")}`;
}

/** The key after this one, also when the clock was put back. */
function next(id: AccountId, key: string): string {
  const [ms, number] = key.slice(id.length + 1).split("-");
  return keyAt(id, Number(ms), Number(number) + 1);
}
