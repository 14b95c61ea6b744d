/**
 * The log on Redis Streams. A batch is appended and published by one transaction, so the order of
 * the log is that of the channel, and what is in one is in the other.
 */
import { createRedisStore, type RedisClient, StoreUnavailable, textsOf } from "@ams/store";
import type { Entry, EntryId, LogName, Page, ReplayLog } from "../log.ts";
import { ALL_FRAMES, after, SEQ_MAX } from "../position.ts";
import { FIELD, KEEP_LUA, keyOf, readState, SCRIPTS, trimAndMark } from "./entries.ts";
import { sizeKeyOf } from "./size.ts";

/**
 * Bytes of a batch up to which a script appends it, which is one command instead of four. It copies
 * a batch three times, so that a transaction costs Redis less CPU for larger ones.
 */
const SCRIPT_BYTES_MAX = 4_096;

/** Steps of one mark: more than a log of the largest size needs (`STEP_BYTES`). */
const MARK_STEPS_MAX = 1_000;

export type RedisLogOptions = {
  /** The connection on which the bus publishes: batches and events keep their order. */
  readonly client: RedisClient;
  /** Whether the bus is sharded. */
  readonly sharded: boolean;
};

/** `[[id, [field, batch]], …]`. */
type Reply = readonly (readonly [Buffer, readonly Buffer[]])[];

export function openRedisLog({ client, sharded }: RedisLogOptions): ReplayLog {
  const store = createRedisStore(client, SCRIPTS);
  const publish = sharded ? "spublish" : "publish";

  const stateOf = async ({ channel }: LogName) => {
    const [last, ms, removed] = textsOf(await store.run(readState, [keyOf(channel)], []));
    return { last: toId(last ?? ""), ms: Number(ms), removed: toId(removed ?? "") };
  };
  const read = async (name: LogName, reading: Promise<Reply>, entries: number): Promise<Page> => {
    // In this order: what was removed before the reading is known.
    const [reply, { removed }] = await answer(Promise.all([reading, stateOf(name)]));
    const found = toEntries(reply);
    const isEnd = found.length < entries;
    return { entries: found, isEnd, removedTo: removed.ms === 0 ? null : removed };
  };

  return {
    async append({ channel }, batch) {
      const key = keyOf(channel);
      try {
        if (batch.length <= SCRIPT_BYTES_MAX) {
          await client.eval(KEEP_LUA, 1, key, publish, channel, batch);
          return true;
        }
        const transaction = client.multi().xadd(key, "*", FIELD, batch);
        const results = await transaction[publish](channel, batch).exec();
        return results?.[0]?.[0] === null;
      } catch (error) {
        // Redis is out of memory: it takes no entry, and refused both.
        if (isRefusal(error)) await client[publish](channel, batch).catch(() => 0);
        return false;
      }
    },

    readAfter(name, position, entries) {
      const from = `${position.frames === ALL_FRAMES ? "(" : ""}${position.ms}-${position.seq}`;
      const key = keyOf(name.channel);
      return read(name, client.xrangeBuffer(key, from, "+", "COUNT", entries), entries);
    },

    async readBefore(name, before, entries) {
      const to = before === null ? "+" : `(${before.ms}-${before.seq}`;
      const key = keyOf(name.channel);
      const page = await read(
        name,
        client.xrevrangeBuffer(key, to, "-", "COUNT", entries),
        entries,
      );
      return { ...page, entries: [...page.entries].reverse() };
    },

    async end(name) {
      const { last, ms } = await stateOf(name);
      return last.ms === 0 ? after({ ms: ms - 1, seq: SEQ_MAX }) : after(last);
    },

    async mark({ channel, terms }) {
      const args = [publish, channel, terms.ttl_s, terms.max_bytes];
      const keys = [keyOf(channel), sizeKeyOf(channel)];
      for (let step = 0; step < MARK_STEPS_MAX; step += 1) {
        if ((await store.run(trimAndMark, keys, args)) !== 1) return;
      }
    },

    trim: () => Promise.resolve(),

    async drop(channel) {
      await answer(client.del(keyOf(channel), sizeKeyOf(channel)));
    },

    close: () => Promise.resolve(),
  };
}

async function answer<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    throw new StoreUnavailable("Redis did not read the log");
  }
}

function toId(text: string): EntryId {
  const [ms = "0", seq = "0"] = text.split("-");
  return { ms: Number(ms), seq: Number(seq) };
}

function toEntries(reply: Reply): readonly Entry[] {
  return reply.flatMap(([id, [, batch]]) =>
    batch === undefined ? [] : [{ ...toId(id.toString("latin1")), batch }],
  );
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(EXECABORT|OOM) /.test(error.message);
}
