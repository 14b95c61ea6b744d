/** Webhooks of an account in the file, and the log of what was sent to them. */
import { type AccountId, WEBHOOKS_MAX } from "@ams/protocol";
import { DELIVERIES_MAX, type Webhooks } from "../webhooks.ts";
import { storedAccount } from "./credentials.ts";
import { look, type Store, step } from "./store.ts";
import { type Tables, under } from "./tables.ts";

const notFound = { ok: false, fault: "not_found" } as const;

/** Digits of the number of an attempt, so that the order of the keys is theirs. */
const DIGITS = 16;

export function embeddedWebhooks(store: Store): Webhooks {
  const { tables } = store;
  return {
    webhooksOf: (id) =>
      look(() => {
        const stored = storedAccount(store, id);
        if (stored === undefined) return null;
        const all = Object.values(stored.webhooks);
        return all.sort((a, b) => (a.webhook_id < b.webhook_id ? -1 : 1));
      }),

    putWebhook: (id, webhook, before) =>
      step(store, () => {
        const stored = storedAccount(store, id);
        if (stored === undefined) return notFound;
        const { webhooks } = stored;
        const there = webhooks[webhook.webhook_id];
        if (before === null && Object.keys(webhooks).length >= WEBHOOKS_MAX) {
          return { ok: false, fault: "webhook_limit" };
        }
        if (before !== null && JSON.stringify(there) !== JSON.stringify(before)) {
          return { ok: false, fault: "changed" };
        }
        const changed = { ...webhooks, [webhook.webhook_id]: webhook };
        tables.accounts.putSync(id, { ...stored, webhooks: changed });
        return { ok: true, value: null };
      }),

    removeWebhook: (id, webhookId) =>
      step(store, () => {
        const stored = storedAccount(store, id);
        if (stored?.webhooks[webhookId] === undefined) return notFound;
        const { [webhookId]: _, ...webhooks } = stored.webhooks;
        tables.accounts.putSync(id, { ...stored, webhooks });
        return { ok: true, value: null };
      }),

    recordDeliveries: (id, all) =>
      step(store, () => {
        if (!tables.accounts.doesExist(id)) return;
        const keys = [...tables.deliveries.getKeys(under(id))];
        let number = Number(
          keys
            .at(-1)
            ?.slice(id.length + 1)
            .split("-")[0] ?? 0,
        );
        for (const delivery of all) {
          number += 1;
          tables.deliveries.putSync(`${id} ${String(number).padStart(DIGITS, "0")}-0`, delivery);
        }
        for (const old of keys.slice(0, Math.max(0, keys.length + all.length - DELIVERIES_MAX))) {
          tables.deliveries.removeSync(old);
        }
      }),

    deliveriesOf: (id, webhookId, { before, limit }) =>
      look(() =>
        [...tables.deliveries.getRange(under(id))]
          .reverse()
          .map(({ key, value }) => ({ delivery_id: key.slice(id.length + 1), ...value }))
          .filter(({ webhook_id }) => webhook_id === webhookId)
          .filter(({ delivery_id }) => before === null || delivery_id < before)
          .slice(0, limit),
      ),
  };
}

export function forgetDeliveries({ deliveries }: Tables, id: AccountId): void {
  for (const key of [...deliveries.getKeys(under(id))]) deliveries.removeSync(key);
}
