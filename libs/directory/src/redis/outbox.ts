/** Events for webhooks on Redis: one stream for each owner and partition, and who has any. */
import { answered, textOf } from "@ams/store";
import { LRUCache } from "lru-cache";
import { PARTITIONS } from "../channels.ts";
import { LIMIT_REPORT_MS, type Outbox, type OutboxEntry, type OutboxPlace } from "../webhooks.ts";
import {
  appendToOutbox,
  NO_OBSERVER,
  removeFromOutbox,
  reportLimit,
  setOptedIn,
} from "./scripts/outbox.ts";
import type { Store } from "./store.ts";

/** Events of one owner and partition that one read takes: the others have their turn too. */
const EVENTS_AT_ONCE = 50;

/** Partitions that are asked together: a round trip. */
const PARTITIONS_AT_ONCE = 16;

/** Owners of a partition that one look takes; it begins elsewhere each time. */
const OWNERS_AT_ONCE = 100;

/** Limits that were reported a moment ago, as far as they are remembered. */
const REPORTED_MAX = 10_000;

export function redisOutbox(store: Store): Outbox {
  const { client, keys } = store;
  const reported = new LRUCache<string, true>({ max: REPORTED_MAX, ttl: LIMIT_REPORT_MS });
  let next = Math.floor(Math.random() * PARTITIONS);

  const readOwner = async (partition: number, owner: string): Promise<readonly OutboxEntry[]> => {
    const key = keys.outbox(partition, owner);
    const rows = await answered("XRANGE", client.xrange(key, "-", "+", "COUNT", EVENTS_AT_ONCE));
    // Its events ended unused.
    if (rows.length === 0) await removeAt(store, partition, owner, []);
    return rows.map(([entry, [, json = "{}"]]) => {
      const { type, ...data }: { readonly type: string } = JSON.parse(json);
      return { at: { partition, owner, entry }, at_ms: msOf(entry), owner, type, data };
    });
  };

  const readPartition = async (partition: number): Promise<readonly OutboxEntry[]> => {
    const owners = await ownersIn(store, partition);
    return (await Promise.all(owners.map((owner) => readOwner(partition, owner)))).flat();
  };

  return {
    async readOutbox(limit) {
      const found: OutboxEntry[] = [];
      for (let seen = 0; seen < PARTITIONS && found.length < limit; seen += PARTITIONS_AT_ONCE) {
        const first = next;
        next = (next + PARTITIONS_AT_ONCE) % PARTITIONS;
        const some = Array.from(
          { length: PARTITIONS_AT_ONCE },
          (_, index) => (first + index) % PARTITIONS,
        );
        found.push(...(await Promise.all(some.map(readPartition))).flat());
      }
      return found.slice(0, limit);
    },

    async removeFromOutbox(places) {
      const lost = [...byOwner(places).values()].map(([first, ...others]) =>
        first === undefined
          ? 0
          : removeAt(
              store,
              first.partition,
              first.owner,
              [first, ...others].map(({ entry }) => entry),
            ),
      );
      return (await Promise.all(lost)).reduce((sum, one) => sum + one, 0);
    },

    async appendToOutbox(id, type, data) {
      const { record, outboxes, outbox } = keys.account(id);
      const args = [id, type, moreOf(data)];
      return (await store.run(appendToOutbox, [record, outboxes, outbox], args)) === 1;
    },

    async reportLimit(id, limit, max) {
      if (reported.has(`${id} ${limit}`)) return;
      reported.set(`${id} ${limit}`, true);
      const { record, outboxes, outbox } = keys.account(id);
      const args = [id, limit, moreOf({ limit, max })];
      // The refusal that this reports was decided already; what can't be reported is only that.
      await store.run(reportLimit, [record, outboxes, outbox], args).catch(() => undefined);
    },

    async optIn(address, optedIn) {
      const value = optedIn === null ? "" : (optedIn.observer ?? NO_OBSERVER);
      const set = await store.run(setOptedIn, [keys.conversation(address).record], [value]);
      return set === 1 ? { ok: true, value: null } : { ok: false, fault: "not_found" };
    },

    async optedIn(address) {
      const reading = client.hmget(keys.conversation(address).record, "generation", "opted_in");
      const [generation = null, value = null] = await answered("HMGET", reading);
      if (generation === null || value === null) return null;
      return { observer: value === NO_OBSERVER ? null : value };
    },
  };
}

/** Some of the owners with events; where there are many, others from call to call. */
async function ownersIn({ client, keys }: Store, partition: number): Promise<readonly string[]> {
  const key = keys.outboxes(partition);
  const count = await answered("HLEN", client.hlen(key));
  if (count === 0) return [];
  if (count <= OWNERS_AT_ONCE) return await answered("HKEYS", client.hkeys(key));
  const some = await answered("HRANDFIELD", client.hrandfield(key, OWNERS_AT_ONCE));
  return Array.isArray(some) ? some.flatMap((one) => textOf(one) ?? []) : [];
}

async function removeAt(
  store: Store,
  partition: number,
  owner: string,
  entries: readonly string[],
): Promise<number> {
  const named = [store.keys.outboxes(partition), store.keys.outbox(partition, owner)];
  return Number(await store.run(removeFromOutbox, named, [owner, ...entries]));
}

function byOwner(places: readonly OutboxPlace[]): ReadonlyMap<string, readonly OutboxPlace[]> {
  const groups = new Map<string, OutboxPlace[]>();
  for (const place of places) {
    const key = `${place.partition} ${place.owner}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(place);
  }
  return groups;
}

function msOf(entry: string): number {
  return Number(entry.split("-")[0]);
}

/** The members of an event after its type, each with a comma before it. */
function moreOf(data: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(data).slice(1, -1);
  return json === "" ? "" : `,${json}`;
}
