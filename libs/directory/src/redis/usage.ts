/** What accounts have used, on Redis: two hashes beside the account's record. */
import type { AccountId } from "@ams/protocol";
import { answered } from "@ams/store";
import {
  RATES_MS,
  USAGE_COUNTS,
  type Usage,
  type UsageDelta,
  type UsageHour,
  type UsageRates,
} from "../usage.ts";
import { handIn } from "./scripts/usage.ts";
import type { Store } from "./store.ts";

export function redisUsage(store: Store): Usage {
  const { client, keys } = store;

  const add = (source: string, seq: number, { account_id, hour, counts, rates }: UsageDelta) => {
    const { record, usage, sources, slots } = keys.account(account_id);
    const { frames, bytes, deliveries } = rates;
    const args = [source, seq, hour, store.now(), frames, bytes, deliveries];
    const sums = USAGE_COUNTS.map((name) => counts[name]);
    return store.run(handIn, [record, usage, sources, slots], [...args, ...sums]);
  };

  return {
    async handIn(source, seq, deltas) {
      await Promise.all(deltas.map((delta) => add(source, seq, delta)));
    },

    async usageOf(id, fromHour) {
      const stored = await answered("HGETALL", client.hgetall(keys.account(id).usage));
      const hours = Object.entries(stored).map(([hour, sums]) => decodeHour(Number(hour), sums));
      return hours
        .filter(({ hour }) => hour >= fromHour)
        .sort((one, other) => one.hour - other.hour);
    },
  };
}

/** The sums of what gateways have measured within `RATES_MS`. */
export async function readRates(store: Store, id: AccountId): Promise<UsageRates> {
  const reading = store.client.hvals(store.keys.account(id).sources);
  const rates = { frames: 0, bytes: 0, deliveries: 0 };
  for (const source of await answered("HVALS", reading)) {
    const [, , atMs = 0, frames = 0, bytes = 0, deliveries = 0] = source.split(" ").map(Number);
    if (atMs < store.now() - RATES_MS) continue;
    rates.frames += frames;
    rates.bytes += bytes;
    rates.deliveries += deliveries;
  }
  return rates;
}

function decodeHour(hour: number, sums: string): UsageHour {
  const [peak_streams = 0, ...counts] = sums.split(" ").map(Number);
  const named = USAGE_COUNTS.map((name, at) => [name, counts[at] ?? 0] as const);
  return { hour, peak_streams, ...NO_COUNTS, ...Object.fromEntries(named) };
}

const NO_COUNTS = {
  tokens_in: 0,
  bytes_in: 0,
  deliveries: 0,
  bytes_out: 0,
  connection_ms: 0,
  replay_bytes: 0,
};
