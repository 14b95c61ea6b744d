import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { journalContract } from "../journal.contract.ts";
import type { Durability, Journals } from "../journal.ts";
import { startWriter } from "../testing/killed-writer.ts";
import { openRedisJournals } from "./redis-journals.ts";

const KILLS = Number(process.env.AMS_JOURNAL_KILLS ?? 2);
const WHOLE = { entries: 1_000, bytes: 64_000_000 };
const ALWAYS = ["--appendfsync", "always"];
const isHere = findRedisBinary() !== null;
const folder = mkdtempSync(join(tmpdir(), "ams-journal-redis-"));
const opened: Journals[] = [];

async function open(
  { url }: { readonly url: string },
  durability: Durability = { kind: "memory" },
): Promise<Journals> {
  const journals = await openRedisJournals({ url, durability });
  if (!journals.ok) throw new Error(journals.fault);
  opened.push(journals.value);
  return journals.value;
}

afterAll(async () => {
  await Promise.all(opened.map((journals) => journals.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function readAll(journals: Journals, journal: string) {
  const all = [];
  for (;;) {
    const { entries, head } = await journals.read(journal, all.length, WHOLE);
    all.push(...entries);
    if (all.length >= head) return all;
  }
}

describe.skipIf(!isHere)("Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ appendOnlyDir: folder, args: ALWAYS });
  });
  afterAll(() => server.stop());

  describe("as one store", () => {
    journalContract({
      open: () => open(server),
      restart: async () => {
        const { port } = server;
        await server.stop();
        server = await startRedisServer({ appendOnlyDir: folder, args: ALWAYS, port });
      },
    });
  });

  test(`J2.4 kill −9 of Redis under \`disk\`: nothing acknowledged is lost, ${KILLS} times`, async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const journal = `killed-redis-${kill}`;
      const place = { kind: "redis", url: server.url, durability: { kind: "disk" } } as const;
      const writer = startWriter(place, journal, "w");
      await writer.acknowledged(20 + 13 * kill);
      const { port } = server;
      await server.kill();
      const { tried, acknowledged } = await writer.kill();
      server = await startRedisServer({ appendOnlyDir: folder, args: ALWAYS, port });
      const all = await readAll(await open(server), journal);
      expect(all.map(({ kind }) => kind).join("")).toBe("ab".repeat(all.length / 2));
      const keys = all.filter(({ kind }) => kind === "a").map(({ key }) => key?.slice(0, -2));
      expect(keys).toEqual(expect.arrayContaining(acknowledged));
      expect(tried).toEqual(expect.arrayContaining(keys));
    }
  });

  test("J1.12 while Redis is away an append is `unavailable`, and a read is rejected", async () => {
    const journals = await open(server);
    const { port } = server;
    await server.stop();
    const append = () =>
      journals.append("away", "any", [{ kind: "e", key: "k", bytes: new Uint8Array() }], 1);
    expect(await append()).toEqual({ ok: false, fault: "unavailable" });
    await expect(journals.read("away", 0, WHOLE)).rejects.toThrow();
    await expect.poll(() => journals.notReady()).toBe("journal");
    server = await startRedisServer({ appendOnlyDir: folder, args: ALWAYS, port });
    const back = await open(server);
    expect(
      await back.append("away", "any", [{ kind: "e", bytes: new Uint8Array() }], 1),
    ).toMatchObject({ ok: true });
  });
});

test.skipIf(!isHere)(
  "J2.3 `disk` on a server that may lose a second is refused by a sentence",
  async () => {
    const server = await startRedisServer();
    try {
      const journals = await openRedisJournals({ url: server.url, durability: { kind: "disk" } });
      expect(journals.ok ? "" : journals.fault).toMatch(/appendfsync always/);
    } finally {
      await server.stop();
    }
  },
);

test.skipIf(!isHere)(
  "J2.3 `replicas` answers `not_durable` without one, and the same key settles it later",
  async () => {
    const server = await startRedisServer();
    const journals = await open(server, { kind: "replicas", count: 1 });
    const append = () =>
      journals.append("j", "any", [{ kind: "e", key: "k", bytes: new Uint8Array() }], 1);
    expect(await append()).toEqual({ ok: false, fault: "not_durable" });
    expect(await append()).toEqual({ ok: false, fault: "not_durable" });
    const replica = await startRedisServer({
      args: ["--replicaof", "127.0.0.1", String(server.port)],
    });
    try {
      for (;;) {
        const appended = await append();
        if (!appended.ok && appended.fault === "not_durable") continue;
        expect(appended).toEqual({ ok: false, fault: "duplicate", key: "k", seq: 0 });
        break;
      }
    } finally {
      await Promise.all([replica.stop(), server.stop()]);
    }
  },
);

test.skipIf(!isHere)(
  `J2.4, W12.4 kill −9 of Redis under \`replicas\`: the replica that takes over has all that was acknowledged, ${KILLS} times`,
  async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const server = await startRedisServer();
      const args = ["--replicaof", "127.0.0.1", String(server.port), "--repl-diskless-sync-delay"];
      const replica = await startRedisServer({ args: [...args, "0"] });
      try {
        const place = {
          kind: "redis",
          url: server.url,
          durability: { kind: "replicas", count: 1 },
        } as const;
        const writer = startWriter(place, "replicated", "w");
        await writer.acknowledged(20 + 13 * kill);
        await server.kill();
        const { tried, acknowledged } = await writer.kill();
        expect(acknowledged.length).toBeGreaterThanOrEqual(20);
        const client = new Redis(replica.url);
        await client.replicaof("NO", "ONE");
        client.disconnect();
        const all = await readAll(await open(replica), "replicated");
        expect(all.map(({ kind }) => kind).join("")).toBe("ab".repeat(all.length / 2));
        const keys = all.filter(({ kind }) => kind === "a").map(({ key }) => key?.slice(0, -2));
        expect(keys).toEqual(expect.arrayContaining(acknowledged));
        expect(tried).toEqual(expect.arrayContaining(keys));
      } finally {
        await Promise.all([server.kill(), replica.kill()]);
      }
    }
  },
  60_000 + KILLS * 30_000,
);
