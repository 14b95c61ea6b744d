/**
 * What joins and leaves take in Redis is given back: keys and memory are what they were before.
 * `AMS_JOINS` for the long suite.
 */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { createAccount, mint, unique, until } from "../conformance/driver.ts";
import { address } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";

const JOINS = Number(process.env.AMS_JOINS ?? 400);
const AT_ONCE = 20;

/** Bytes by which Redis's memory may differ: its buffers of clients and what it keeps free. */
const NOISE_BYTES = 2_097_152;

/** Milliseconds in which the last leaves and the expiry of short-lived keys are done. */
const SETTLED_MS = 60_000;

onRedis("two gateways", () => {
  const cluster = inCluster({ gateways: 2 });
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(cluster().redisUrl);
  });
  afterAll(() => redis?.disconnect());

  /** Joins as a guest under a name of its own, and leaves once `joined` is here. */
  async function come(link: Parameters<typeof address>[0], n: number): Promise<void> {
    const url = address(link, { at: n % 2, query: { stream_name: unique("g") } });
    const socket = new WebSocket(url, ["ams.v1", "ams.guest"], { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once("message", () => socket.close(1000));
      socket.once("close", (code) => (code === 1000 ? resolve() : reject(new Error(`${code}`))));
      socket.on("error", () => undefined);
    });
  }

  async function memory(): Promise<number> {
    await redis.call("MEMORY", "PURGE");
    return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
  }

  test(`§3.3.9 after ${JOINS} joins and leaves Redis has the keys and the memory of before`, {
    timeout: 3_600_000,
  }, async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    for (const n of range(AT_ONCE)) await come(minted, n); // What is made once.
    const keys = await redis.dbsize();
    const before = await memory();
    for (let done = 0; done < JOINS; done += AT_ONCE)
      await Promise.all(range(AT_ONCE).map((n) => come(minted, n)));
    await until(
      () => redis.dbsize(),
      (size) => size <= keys,
      SETTLED_MS,
    );
    expect(Math.abs((await memory()) - before)).toBeLessThan(NOISE_BYTES);
  });
});
