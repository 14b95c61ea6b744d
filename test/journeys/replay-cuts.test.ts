/**
 * §7.5, §7.6: cuts at random of what carries frames, in a conversation that keeps them. Of all that
 * has a receipt nothing is lost and nothing comes twice, and every hole is shown.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, createAccount, join } from "@ams/client";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { type Cluster, startCluster } from "../cluster.ts";

/** Cuts of one run: `AMS_CUTS` for the long suite. */
const CUTS = Number(process.env.AMS_CUTS ?? 8);
const SEED = Number(process.env.AMS_SEED ?? 1);

const EMITTERS = 5;

let cluster: Cluster;
let redis: Redis;

beforeAll(async () => {
  if (findRedisBinary() === null) return;
  cluster = await startCluster({ gateways: 2, env: { AMS_STREAMS_PER_ACCOUNT: "50" } });
  redis = new Redis(cluster.redisUrl);
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

/** The link at one of the gateways, past the entry port. */
function at(link: string, gateway: number): string {
  const { origin } = new URL(cluster.gateways[gateway % 2]?.url ?? "");
  return link.replace(new URL(link).origin, origin);
}

/** A small generator, so that a run can be had again. */
function randomFrom(seed: number): (max: number) => number {
  let state = seed >>> 0;
  return (max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % max;
  };
}

type Reader = { connection: Connection; readonly heard: Map<string, string[]>; gaps: number };

function listen(reader: Reader): void {
  reader.connection.on("token", ({ streamId, seq }) => {
    reader.heard.set(streamId, [...(reader.heard.get(streamId) ?? []), seq]);
  });
  reader.connection.on("gap", () => {
    reader.gaps += 1;
  });
}

const hasRedis = findRedisBinary() !== null;

test.runIf(hasRedis)(
  `${CUTS} cuts, seed ${SEED}: nothing that has a receipt is lost or comes twice`,
  async () => {
    const random = randomFrom(SEED);
    const account = await createAccount(cluster.url);
    const { credential } = account;
    const kept = { ttlS: 600, maxBytes: 33_554_432 };
    const { magicLink: link } = await account.mint({ replay: kept });
    const emitters = await Promise.all(
      Array.from({ length: EMITTERS }, (_, n) =>
        join(at(link, n), { credential, streamName: `emitter-${n}`, receipts: true }),
      ),
    );
    const readers: Reader[] = [];
    for (const gateway of [0, 1]) {
      const streamName = `reader-${gateway}`;
      const connection = await join(at(link, gateway), { credential, streamName });
      const reader: Reader = { connection, heard: new Map(), gaps: 0 };
      listen(reader);
      readers.push(reader);
    }
    const receipted = new Map<string, string[]>();
    let isOver = false;
    const emitting = emitters.map(async (emitter) => {
      const seqs: string[] = [];
      receipted.set(emitter.streamId, seqs);
      while (!isOver) {
        // Without a receipt it is not known whether it was kept.
        const receipt = await emitter.send(`${seqs.length}`).catch(() => null);
        if (receipt !== null) seqs.push(receipt.seq);
        await pause(2);
      }
    });
    for (let cut = 0; cut < CUTS; cut += 1) {
      await pause(200 + random(300));
      if (random(2) === 0) await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
      else await comeBack(link, readers[random(2)], credential, random(2));
    }
    await pause(500);
    isOver = true;
    await Promise.all(emitting);
    for (const reader of readers) {
      for (const [stream, seqs] of receipted) {
        const heard = () => reader.heard.get(stream) ?? [];
        const isThere = () => new Set(heard()).has(seqs.at(-1) ?? "");
        await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
        const all = heard();
        expect(new Set(all).size, `doubled, ${reader.gaps} gaps`).toBe(all.length);
        const missing = seqs.filter((seq) => !all.includes(seq));
        expect(missing, `lost, ${reader.gaps} gaps`).toEqual([]);
      }
    }
    const all = [...emitters, ...readers.map(({ connection }) => connection)];
    await Promise.all(all.map((one) => one.close()));
  },
  600_000,
);

/** A reader leaves, and comes back by its cursor at a gateway, under its name. */
async function comeBack(
  link: string,
  reader: Reader | undefined,
  credential: string,
  gateway: number,
): Promise<void> {
  if (reader === undefined) throw new Error("no reader");
  const { streamName, cursor } = reader.connection;
  await reader.connection.close();
  const since = cursor === null ? {} : { since: cursor };
  const connection = await join(at(link, gateway), { credential, streamName, ...since });
  // What came behind the cursor comes again; a new connection knows nothing of that.
  const known = new Set([...reader.heard.values()].flat());
  reader.connection = connection;
  connection.on("token", ({ streamId, seq }) => {
    if (known.has(seq) && (reader.heard.get(streamId) ?? []).includes(seq)) return;
    reader.heard.set(streamId, [...(reader.heard.get(streamId) ?? []), seq]);
  });
  connection.on("gap", () => {
    reader.gaps += 1;
  });
}
