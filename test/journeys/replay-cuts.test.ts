/**
 * §7.5, §7.6: cuts at random of what carries frames, in a conversation that keeps them: readers,
 * gateways, processes of the feed, Redis connections. Of all that has a receipt nothing is lost and
 * nothing comes twice, for readers of the wire and of the feed.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, createAccount, join } from "@ams/client";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { type Cluster, startCluster } from "../cluster.ts";

/** Cuts of one run: `AMS_CUTS` for the long suite. */
const CUTS = Number(process.env.AMS_CUTS ?? 8);
/** Kills of gateways and of their other connections: in the long suite. */
const IS_LONG = process.env.AMS_CUTS !== undefined;
const SEED = Number(process.env.AMS_SEED ?? 1);

const EMITTERS = 5;

/** Milliseconds after which a receipt no longer comes: its publish was cut. */
const RECEIPT_MS = 3_000;

let cluster: Cluster;
let redis: Redis;

beforeAll(async () => {
  if (findRedisBinary() === null) return;
  cluster = await startCluster({ gateways: 2, edges: { feed: 2 } });
  redis = new Redis(cluster.redisUrl);
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
});

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
        join(link, { credential, streamName: `emitter-${n}`, receipts: true }),
      ),
    );
    const readers: Reader[] = [];
    for (const number of [0, 1]) {
      const connection = await join(link, { credential, streamName: `reader-${number}` });
      const reader: Reader = { connection, heard: new Map(), gaps: 0 };
      listen(reader);
      readers.push(reader);
    }
    const feedReader = new FeedReader(link);
    const receipted = new Map<string, string[]>();
    let isOver = false;
    const emitting = emitters.map(async (emitter) => {
      const seqs: string[] = [];
      receipted.set(emitter.streamId, seqs);
      while (!isOver) {
        // Without a receipt it is not known whether it was kept: a cut took either.
        const signal = AbortSignal.timeout(RECEIPT_MS);
        const receipt = await emitter.send(`${seqs.length}`, { signal }).catch(() => null);
        if (receipt !== null) seqs.push(receipt.seq);
        await pause(2);
      }
    });
    const counts = { reader: 0, subscriptions: 0, commands: 0, gateway: 0, feed: 0 };
    for (let cut = 0; cut < CUTS; cut += 1) {
      await pause(200 + random(300));
      const reader = readers[random(2)];
      counts[await cutAt(random, () => comeBack(link, reader, credential))] += 1;
    }
    await pause(500);
    isOver = true;
    await Promise.all(emitting);
    for (const reader of [...readers, feedReader]) {
      for (const [stream, seqs] of receipted) {
        const heard = () => reader.heard.get(stream) ?? [];
        const isThere = () => new Set(heard()).has(seqs.at(-1) ?? "");
        await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
        const all = heard();
        expect(new Set(all).size, `doubled, ${reader.gaps} gaps`).toBe(all.length);
        const missing = seqs.filter((seq) => !all.includes(seq));
        expect(missing, `lost, ${reader.gaps} gaps`).toEqual([]);
      }
    }
    const frames = [...receipted.values()].reduce((sum, { length }) => sum + length, 0);
    const cuts = JSON.stringify(counts);
    process.stdout.write(`${CUTS} cuts ${cuts}: ${frames} frames with a receipt, all there once\n`);
    await feedReader.stop();
    const all = [...emitters, ...readers.map(({ connection }) => connection)];
    await Promise.all(all.map((one) => one.close()));
  },
  600_000 + CUTS * 10_000,
);

/** Cuts something, brings back what it was, and says what. */
async function cutAt(random: (max: number) => number, comeBackNow: () => Promise<void>) {
  const which = IS_LONG ? random(20) : ([0, 8, 19][random(3)] ?? 0);
  if (which < 8) {
    await comeBackNow();
    return "reader";
  }
  if (which < 13) {
    await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    return "subscriptions";
  }
  if (which < 16) {
    await redis.call("CLIENT", "KILL", "TYPE", "normal");
    return "commands";
  }
  const isGateway = which < 18;
  const members = isGateway ? cluster.gateways : (cluster.edges.feed ?? []);
  const running = members.filter((one) => one.isRunning());
  await running[random(running.length)]?.kill();
  await (isGateway ? cluster.addGateway() : cluster.addEdge("feed"));
  return isGateway ? "gateway" : "feed";
}

/** Reads the feed page by page, whichever process answers; what fails is asked again. */
class FeedReader {
  readonly heard = new Map<string, string[]>();
  gaps = 0;
  #since = "";
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(link: string) {
    const { origin, pathname, search } = new URL(link);
    this.#done = this.#read(`${origin}${pathname}/log${search}&limit=1000&wait_ms=2000`);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #read(url: string): Promise<void> {
    while (!this.#isStopped) {
      const page = await fetch(`${url}&since=${this.#since}`)
        .then(async (answer) => (answer.ok ? await answer.text() : null))
        .catch(() => null);
      if (page === null) {
        await pause(100);
        continue;
      }
      const { frames, next_cursor } = JSON.parse(page);
      this.#since = next_cursor;
      for (const { type, stream_id, seq } of frames) {
        if (type === "x_gap") this.gaps += 1;
        if (type !== "token") continue;
        this.heard.set(stream_id, [...(this.heard.get(stream_id) ?? []), seq]);
      }
    }
  }
}

/** A reader leaves, and comes back by its cursor, at any gateway, under its name. */
async function comeBack(
  link: string,
  reader: Reader | undefined,
  credential: string,
): Promise<void> {
  if (reader === undefined) throw new Error("no reader");
  const { streamName, cursor } = reader.connection;
  await reader.connection.close();
  const since = cursor === null ? {} : { since: cursor };
  const connection = await join(link, { credential, streamName, ...since });
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
