/** The audit log of an account on Redis: a stream beside its record. */
import { ACCOUNT_EVENTS_MAX } from "@ams/protocol";
import { answered } from "@ams/store";
import type { Accounts } from "../directory.ts";
import type { AccountEvent } from "../records.ts";
import { recordEvent } from "./scripts/keys.ts";
import type { Store } from "./store.ts";

export function redisEvents(store: Store): Pick<Accounts, "recordEvent" | "eventsOf"> {
  const { client, keys } = store;
  return {
    async recordEvent(id, event) {
      const { record, events } = keys.account(id);
      const args = [JSON.stringify(event), ACCOUNT_EVENTS_MAX];
      await store.run(recordEvent, [record, events], args);
    },

    async eventsOf(id, { before, limit }) {
      const { events } = keys.account(id);
      const from = before === null ? "+" : `(${before}`;
      const reading = client.xrevrange(events, from, "-", "COUNT", limit);
      const rows = await answered("XREVRANGE", reading);
      return rows.map(([event_id, [, json = "{}"]]) => {
        const event: AccountEvent = JSON.parse(json);
        return { event_id, ...event };
      });
    },
  };
}
