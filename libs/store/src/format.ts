/**
 * The version of what a store holds. The first process that opens a store writes it there. It rises
 * when an earlier version couldn't read what a later one writes; then the earlier one is refused at
 * its start, and changes nothing.
 */
import type { RedisClient } from "./redis/connect.ts";
import { createRedisStore, type Script } from "./redis/scripts.ts";

/** What stores that never changed hold. */
export const FIRST_FORMAT = 1;

/** A store that a later version has written: a restart doesn't help. */
export class LaterFormat extends Error {
  override readonly name = "LaterFormat";

  /** `store` is what it is called in the sentence, without a secret. */
  constructor(store: string) {
    super(
      `${store} was written by a later version of AMS, in a form that this version can't read: run that version, or bring back a backup from before it.`,
    );
  }
}

const CONFIRM: Script = {
  name: "amsConfirmFormat",
  keys: 1,
  lua: `
local format = tonumber(ARGV[1])
local written = tonumber(redis.call('GET', KEYS[1]) or '0')
if written > format then return 1 end
if written < format then redis.call('SET', KEYS[1], format) end
return 0
`,
};

/** Rejects with `LaterFormat`, or with `StoreUnavailable` when Redis doesn't answer. */
export async function confirmRedisFormat(
  client: RedisClient,
  key: string,
  format = FIRST_FORMAT,
): Promise<void> {
  const reply = await createRedisStore(client, [CONFIRM]).run(CONFIRM, [key], [format]);
  if (reply === 1) throw new LaterFormat(`What lies in Redis under ${key}`);
}
