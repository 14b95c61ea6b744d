/** Webhooks of an account on Redis, and the log of what was sent to them. */
import { WEBHOOKS_MAX } from "@ams/protocol";
import { answered } from "@ams/store";
import {
  DELIVERIES_MAX,
  type Delivery,
  type KeptDelivery,
  type Webhook,
  type Webhooks,
} from "../webhooks.ts";
import { putWebhook, recordDeliveries, removeWebhook } from "./scripts/outbox.ts";
import type { Store } from "./store.ts";

/** Attempts that are read at a time while those of one webhook are looked for. */
const CHUNK = 200;

const FAULTS = { not_found: true, webhook_limit: true, changed: true } as const;

export function redisWebhooks(store: Store): Webhooks {
  const { client, keys } = store;
  return {
    async webhooksOf(id) {
      const { record, webhooks } = keys.account(id);
      const [exists, all] = await Promise.all([
        answered("EXISTS", client.exists(record)),
        answered("HVALS", client.hvals(webhooks)),
      ]);
      if (exists === 0) return null;
      return all.map(decode).sort((a, b) => (a.webhook_id < b.webhook_id ? -1 : 1));
    },

    async putWebhook(id, webhook, before) {
      const { record, webhooks } = keys.account(id);
      const was = before === null ? "" : encode(before);
      const args = [webhook.webhook_id, encode(webhook), was, WEBHOOKS_MAX];
      const reply = await store.run(putWebhook, [record, webhooks], args);
      return isFault(reply) ? { ok: false, fault: reply } : { ok: true, value: null };
    },

    async removeWebhook(id, webhookId) {
      const { record, webhooks } = keys.account(id);
      const removed = await store.run(removeWebhook, [record, webhooks], [webhookId]);
      return removed === 1 ? { ok: true, value: null } : { ok: false, fault: "not_found" };
    },

    async recordDeliveries(id, all) {
      if (all.length === 0) return;
      const { record, deliveries } = keys.account(id);
      const args = [DELIVERIES_MAX, ...all.map((one) => JSON.stringify(one))];
      await store.run(recordDeliveries, [record, deliveries], args);
    },

    async deliveriesOf(id, webhookId, { before, limit }) {
      const { deliveries } = keys.account(id);
      const found: KeptDelivery[] = [];
      for (let at = before; found.length < limit; ) {
        const from = at === null ? "+" : `(${at}`;
        const reading = client.xrevrange(deliveries, from, "-", "COUNT", CHUNK);
        const rows = await answered("XREVRANGE", reading);
        for (const [delivery_id, [, json = "{}"]] of rows) {
          const delivery: Delivery = JSON.parse(json);
          if (delivery.webhook_id === webhookId) found.push({ delivery_id, ...delivery });
        }
        at = rows.at(-1)?.[0] ?? null;
        if (rows.length < CHUNK) break;
      }
      return found.slice(0, limit);
    },
  };
}

/** The same text for the same webhook: a replacement compares it. */
function encode(webhook: Webhook): string {
  const { webhook_id, url, types, secrets, rotated_at, created_at, disabled } = webhook;
  return JSON.stringify({ webhook_id, url, types, secrets, rotated_at, created_at, disabled });
}

function decode(json: string): Webhook {
  const webhook: Webhook = JSON.parse(json);
  return webhook;
}

function isFault(reply: unknown): reply is keyof typeof FAULTS {
  return typeof reply === "string" && Object.hasOwn(FAULTS, reply);
}
