/**
 * Every gateway is replaced under load, one after the other, as a Deployment does it: a new one is
 * started, an old one gets SIGTERM and its grace (§4.9, §7.6).
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, createAccount, join } from "@ams/client";
import { expect, test } from "vitest";
import { inCluster, onRedis, range } from "./journey.ts";

const GATEWAYS = 2;
const CONVERSATIONS = 2;
const EMITTERS = 3;
const READERS = 6;

/** Milliseconds between two tokens of an emitter. With AMS_FIGURES set the silences are printed. */
const PACE_MS = 10;

/** Joins of one client for one restart: it may meet a gateway that is the next to stop. */
const JOINS_PER_RESTART = 3;

type Reader = {
  readonly connection: Connection;
  readonly heard: Map<string, string[]>;
  /** Monotonic ms of the last token, and the longest time between two. */
  lastMs: number;
  longestMs: number;
  joins: number;
  gaps: number;
};

function listen(connection: Connection): Reader {
  const heard = new Map<string, string[]>();
  const reader: Reader = { connection, heard, lastMs: 0, longestMs: 0, joins: 1, gaps: 0 };
  connection.on("token", ({ streamId, seq }) => {
    heard.set(streamId, [...(heard.get(streamId) ?? []), seq]);
    const nowMs = performance.now();
    if (reader.lastMs > 0) reader.longestMs = Math.max(reader.longestMs, nowMs - reader.lastMs);
    reader.lastMs = nowMs;
  });
  connection.on("joined", () => {
    reader.joins += 1;
  });
  connection.on("gap", () => {
    reader.gaps += 1;
  });
  return reader;
}

onRedis("all gateways are replaced under load", () => {
  const env = { AMS_DRAIN_MS: "1000", AMS_DRAIN_SPREAD_MS: "2000" };
  const cluster = inCluster({ gateways: GATEWAYS, env });

  async function open() {
    const account = await createAccount(cluster().url);
    const { credential } = account;
    const replay = { ttlS: 600, maxBytes: 33_554_432 };
    const { magicLink } = await account.mint({ replay });
    const joinAs = (streamName: string) =>
      join(magicLink, { credential, streamName, receipts: true });
    const emitters = await Promise.all(range(EMITTERS).map((n) => joinAs(`emitter-${n}`)));
    const readers = await Promise.all(range(READERS).map((n) => joinAs(`reader-${n}`)));
    return { emitters, readers: readers.map(listen) };
  }

  test("§4.9 nothing that has a receipt is lost or doubled, in order, and nobody reconnects again and again", {
    timeout: 180_000,
  }, async () => {
    const talks = await Promise.all(range(CONVERSATIONS).map(open));
    const receipted = new Map<string, string[]>();
    let isOver = false;
    const speaking = talks.flatMap(({ emitters }) =>
      emitters.map(async (emitter) => {
        const seqs: string[] = [];
        receipted.set(emitter.streamId, seqs);
        while (!isOver) {
          const receipt = await emitter.send(`${seqs.length}`).catch(() => null);
          if (receipt !== null) seqs.push(receipt.seq);
          await pause(PACE_MS);
        }
      }),
    );
    for (const old of cluster().gateways.slice(0, GATEWAYS)) {
      await cluster().addGateway();
      expect(await old.stop()).toEqual({ code: 0, signal: null });
    }
    isOver = true;
    await Promise.all(speaking);
    const readers = talks.flatMap((talk) => talk.readers);
    for (const { emitters, readers: all } of talks) {
      for (const { streamId } of emitters) {
        const seqs = receipted.get(streamId) ?? [];
        expect(seqs.length, "receipts of an emitter").toBeGreaterThan(20);
        for (const { heard } of all) {
          const last = seqs.at(-1) ?? "";
          await expect
            .poll(() => heard.get(streamId)?.includes(last), { timeout: 20_000 })
            .toBe(true);
          const own = heard.get(streamId) ?? [];
          expect(new Set(own).size, "doubled").toBe(own.length);
          expect(
            seqs.filter((seq) => !own.includes(seq)),
            "lost",
          ).toEqual([]);
          expect(
            own.filter((seq) => seqs.includes(seq)),
            "order",
          ).toEqual(seqs);
        }
      }
    }
    for (const { joins } of readers) {
      expect(joins, "joins of one client").toBeLessThanOrEqual(1 + JOINS_PER_RESTART * GATEWAYS);
    }
    const longest = readers.map(({ longestMs }) => Math.round(longestMs)).sort((a, b) => a - b);
    if (process.env.AMS_FIGURES) process.stdout.write(`longest silence, ms: ${longest.join()}\n`);
    const connections = talks.flatMap((talk) => [
      ...talk.emitters,
      ...talk.readers.map(({ connection }) => connection),
    ]);
    await Promise.all(connections.map((one) => one.close()));
  });
});
