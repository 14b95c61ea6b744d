// The bus, and two whole gateways, on a Redis Cluster of six nodes: channels are sharded, and
// nobody who connects sees it.

import {
  DEPLOYMENT_LIMITS,
  hash,
  newAccountId,
  newConversationId,
  newCredential,
  newGeneration,
  newLinkToken,
  openRedisDirectory,
  type Peppers,
} from "@ams/directory";
import { createRegistry, readSettings } from "@ams/process";
import { type Alias, EMPTY_OBJECT, type Namespace } from "@ams/protocol";
import { connectRedis, isSharded, type RedisConnection, whenReady } from "@ams/store";
import { findRedisBinary, type RedisCluster, startRedisCluster } from "@ams/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { GATEWAY_SETTINGS } from "../config.ts";
import { startGateway } from "../gateway.ts";
import { silentLog } from "../testing/fakes.ts";
import { collect, testBus } from "./bus.contract.ts";
import type { Bus } from "./bus.ts";
import { openRedisBus } from "./bus-redis.ts";

const READY_MS = 10_000;
const PEPPERS: Peppers = { credential: ["c".repeat(64)], link: ["l".repeat(64)] };

let cluster: RedisCluster;

async function connect(role: "command" | "subscriber"): Promise<RedisConnection> {
  const connected = connectRedis(cluster.url, role);
  if (!connected.ok) throw new Error(connected.fault);
  await whenReady(connected.value, READY_MS);
  return connected.value;
}

async function openBus() {
  const [commands, subscriber] = await Promise.all([connect("command"), connect("subscriber")]);
  const bus = openRedisBus(commands, subscriber, silentLog());
  const end = async () => {
    await bus.close();
    commands.client.disconnect();
  };
  return { bus, commands, end };
}

/** Every channel of `batches` calls that came up again, and a promise of so many. */
function upsOf(bus: Bus) {
  const up: string[] = [];
  bus.onUp((channels) => up.push(...channels));
  const until = (count: number) => expect.poll(() => up.length, { timeout: 10_000 }).toBe(count);
  return { up, until };
}

/** Channels of tags that lie on at least two nodes: 16 tags are spread over all three. */
const SPREAD = Array.from({ length: 16 }, (_, tag) => `ams:{p${tag}}:conv_1`);

async function openGateway(environment: Readonly<Record<string, string>> = {}) {
  const { bus, commands, end } = await openBus();
  const directory = openRedisDirectory({
    commands: commands.client,
    sharded: isSharded(commands),
  });
  const settings = readSettings(GATEWAY_SETTINGS, { AMS_DRAIN_MS: "100", ...environment });
  if (!settings.ok) throw new Error(settings.faults.join());
  const gateway = await startGateway({
    at: { host: "127.0.0.1", port: 0, names: { publicUrl: null, allowedHosts: [] } },
    instance: "test",
    config: settings.value,
    peppers: PEPPERS,
    directory,
    bus,
    log: silentLog(),
    registry: createRegistry(),
  });
  if (gateway === null) throw new Error("no port");
  const stop = async () => {
    await gateway.stop();
    await end();
  };
  return { directory, gateway, port: gateway.port, stop };
}

/** One more conversation, and how to dial it. */
async function mint({ directory }: Awaited<ReturnType<typeof openGateway>>, number: number) {
  const [credential, token] = [newCredential(), newLinkToken()];
  const created_at = new Date().toISOString();
  const namespace = `tenant-${number}` as Namespace;
  const account_id = newAccountId(Date.now());
  const account = { account_id, namespace, created_at, plan: null, ...DEPLOYMENT_LIMITS };
  await directory.createAccount(account, hash(PEPPERS.credential[0], credential));
  const conversation = {
    namespace,
    alias: "talk" as Alias,
    conversation_id: newConversationId(Date.now()),
    generation: newGeneration(),
    owner_account_id: account_id,
    id_kind: "ulid" as const,
    metadata: EMPTY_OBJECT,
    created_at,
    expires_at_ms: null,
    max_joins: null,
    subscribers_max: null,
  };
  await directory.mint({ conversation, linkHash: hash(PEPPERS.link[0], token) });
  return (port: number, name: string) => {
    const url = `ws://127.0.0.1:${port}/${namespace}/conversations/talk/connect?t=${token}&stream_name=${name}`;
    return listen(new WebSocket(url, { headers: { authorization: `Bearer ${credential}` } }));
  };
}

function seqOf(frame: string) {
  const [, epoch, n] = /"seq":"(\d+)-(\d+)"/.exec(frame) ?? [];
  return { epoch: Number(epoch), n: Number(n) };
}

/** A socket, and the frame that holds this text as soon as it has come. */
function listen(socket: WebSocket) {
  const heard: string[] = [];
  const next = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const frame = heard.find((each) => each.includes(text));
        if (frame !== undefined) resolve(frame);
      };
      socket.on("message", look);
      socket.on("close", (code) => reject(new Error(`closed ${code} before ${text}`)));
      look();
    });
  socket.on("message", (data) => heard.push(data.toString()));
  return { socket, heard, next };
}

describe.runIf(findRedisBinary() !== null)("on a Redis Cluster", () => {
  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 60_000);

  afterAll(() => cluster.stop());

  testBus("sharded", async () => {
    const [a, b] = await Promise.all([openBus(), openBus()]);
    return { a: a.bus, b: b.bus, close: () => Promise.all([a.end(), b.end()]).then() };
  });

  test("§5.9.1 channels of a slot that moves come up again at its new node, in batches, and no others", async () => {
    const { bus, end } = await openBus();
    try {
      const { heard, deliver, until: untilHeard } = collect();
      const moved = Array.from({ length: 1_201 }, (_, n) => `ams:{p3}:conv_${n}`);
      for (const channel of new Set([...SPREAD, ...moved])) await bus.subscribe(channel, deliver);
      const { up, until } = upsOf(bus);
      await cluster.moveSlot("ams:{p3}:");
      await until(moved.length);
      expect([...up].sort()).toEqual([...moved].sort());
      await expect.poll(() => bus.notReady()).toBeNull();
      for (const channel of moved) await bus.publish(channel, Buffer.from(channel));
      await untilHeard(moved.length);
      expect(heard).toEqual(moved);
    } finally {
      await end();
    }
  }, 30_000);

  test("§5.9.1 channels of one node whose subscriber connection is cut come up again, and no others", async () => {
    const { bus, end } = await openBus();
    const node = await cluster.masterOf("ams:{p5}:");
    const admin = connectRedis(node.url, "command");
    if (!admin.ok) throw new Error(admin.fault);
    await whenReady(admin.value, READY_MS);
    try {
      const { deliver, until: untilHeard } = collect();
      for (const channel of SPREAD) await bus.subscribe(channel, deliver);
      const there: string[] = [];
      for (const channel of SPREAD)
        if ((await cluster.masterOf(channel)).port === node.port) there.push(channel);
      const { up, until } = upsOf(bus);
      await admin.value.client.call("CLIENT", "KILL", "TYPE", "pubsub");
      await until(there.length);
      expect([...up].sort()).toEqual([...there].sort());
      expect(there.length).toBeLessThan(SPREAD.length);
      for (const channel of SPREAD) await bus.publish(channel, Buffer.from(channel));
      await untilHeard(SPREAD.length);
    } finally {
      admin.value.client.disconnect();
      await end();
    }
  }, 30_000);

  test("§3.3.10 a gateway that is full of memory is not ready and refuses connects", async () => {
    const full = await openGateway({ AMS_MEMORY_BYTES: "1" });
    try {
      expect(full.gateway.notReady()).toBe("memory");
      const dial = await mint(full, 99);
      await expect(dial(full.port, "ann").next("joined")).rejects.toThrow("closed 4500");
    } finally {
      await full.stop();
    }
  });

  test("§5 twelve conversations in as many slots, each over two gateways: joins, tokens, a takeover, leaves", async () => {
    const [here, there] = await Promise.all([openGateway(), openGateway()]);
    try {
      const talk = async (number: number) => {
        const dial = await mint(here, number);
        const ann = dial(here.port, "ann");
        await ann.next('"type":"joined"');
        const bob = dial(there.port, "bob");
        await bob.next('"stream_name":"ann"');
        await ann.next('"type":"stream_joined"');
        ann.socket.send('{"type":"token","data":"from ann"}');
        const first = seqOf(await bob.next("from ann"));
        expect(first.n).toBe(1);
        const annAgain = dial(there.port, "ann");
        expect(await annAgain.next('"type":"joined"')).toContain('"resumed":true');
        annAgain.socket.send('{"type":"token","data":"again"}');
        const again = seqOf(await bob.next("again"));
        expect(again.n).toBe(1);
        // By one or by more: conversations of a partition may share a count (§4.6.1).
        expect(again.epoch).toBeGreaterThan(first.epoch);
        annAgain.socket.close();
        expect(seqOf(await bob.next('"type":"stream_left"'))).toEqual(again);
        expect(bob.heard.filter((frame) => frame.includes('"type":"x_gap"'))).toEqual([]);
        bob.socket.close();
      };
      await Promise.all(Array.from({ length: 12 }, (_, number) => talk(number)));
    } finally {
      await Promise.all([here.stop(), there.stop()]);
    }
  }, 60_000);
});
