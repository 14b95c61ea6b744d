/**
 * What accounts have used, embedded: the hours in the file, the rates of now in memory. Who has
 * handed in what is in memory too: its one gateway ends with the process.
 */
import type { AccountId } from "@ams/protocol";
import {
  RATES_MS,
  USAGE_COUNTS,
  USAGE_KEPT_HOURS,
  type Usage,
  type UsageDelta,
  type UsageRates,
} from "../usage.ts";
import { look, type Store, step } from "./store.ts";
import { type Tables, under } from "./tables.ts";

export function embeddedUsage(store: Store): Usage {
  const { tables, here } = store;

  const add = (source: string, seq: number, { account_id, hour, counts, rates }: UsageDelta) => {
    if (!tables.accounts.doesExist(account_id)) return;
    const sources = here.sources.get(account_id) ?? new Map();
    here.sources.set(account_id, sources);
    if ((sources.get(source)?.seq ?? 0) >= seq) return;
    const key = keyAt(account_id, hour);
    const old = tables.usage.get(key);
    if (old === undefined) forgetBefore(tables, account_id, hour - USAGE_KEPT_HOURS);
    const streams = here.slots.stream.get(account_id)?.size ?? 0;
    const sums = USAGE_COUNTS.map((name) => [name, (old?.[name] ?? 0) + counts[name]] as const);
    tables.usage.putSync(key, {
      ...counts,
      ...Object.fromEntries(sums),
      peak_streams: Math.max(old?.peak_streams ?? 0, streams),
    });
    sources.set(source, { seq, atMs: store.now(), rates });
  };

  return {
    handIn: (source, seq, deltas) =>
      step(store, () => {
        for (const delta of deltas) add(source, seq, delta);
      }),

    usageOf: (id, fromHour) =>
      look(() => {
        const rows = [...tables.usage.getRange(under(id))];
        const hours = rows.map(({ key, value }) => ({ ...value, hour: hourOf(key) }));
        return hours.filter(({ hour }) => hour >= fromHour);
      }),
  };
}

export function ratesOf({ here, now }: Store, id: AccountId): UsageRates {
  const rates = { frames: 0, bytes: 0, deliveries: 0 };
  for (const source of here.sources.get(id)?.values() ?? []) {
    if (source.atMs < now() - RATES_MS) continue;
    rates.frames += source.rates.frames;
    rates.bytes += source.rates.bytes;
    rates.deliveries += source.rates.deliveries;
  }
  return rates;
}

export function forgetUsage({ tables, here }: Store, id: AccountId): void {
  forgetBefore(tables, id, Number.POSITIVE_INFINITY);
  here.sources.delete(id);
}

function forgetBefore({ usage }: Tables, id: AccountId, hour: number): void {
  for (const key of [...usage.getKeys(under(id))]) {
    if (hourOf(key) < hour) usage.removeSync(key);
  }
}

/** Of fixed length, so that the order of the keys is that of the hours. */
function keyAt(id: AccountId, hour: number): string {
  return `${id} ${String(hour).padStart(10, "0")}`;
}

function hourOf(key: string): number {
  return Number(key.slice(key.indexOf(" ") + 1));
}
