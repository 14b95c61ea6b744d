// The bus on Redis keeps the promises of every bus, and comes back by itself when Redis was away.

import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connectRedis, type RedisConnection, whenReady } from "@ams/store";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endOfTurn, silentLog } from "../testing/fakes.ts";
import { collect, testBus } from "./bus.contract.ts";
import type { Bus } from "./bus.ts";
import { openRedisBus } from "./bus-redis.ts";

const READY_MS = 5_000;

function connect(url: string, role: "command" | "subscriber"): RedisConnection {
  const connection = connectRedis(url, role);
  if (!connection.ok) throw new Error(connection.fault);
  return connection.value;
}

type Opened = {
  readonly bus: Bus;
  readonly subscriber: RedisConnection;
  readonly end: () => Promise<void>;
};

async function open(url: string): Promise<Opened> {
  const [commands, subscriber] = [connect(url, "command"), connect(url, "subscriber")];
  await Promise.all([whenReady(commands, READY_MS), whenReady(subscriber, READY_MS)]);
  const bus = openRedisBus(commands, subscriber, silentLog());
  const end = async () => {
    await bus.close();
    commands.client.disconnect();
  };
  return { bus, subscriber, end };
}

/** Resolves when `count` different channels have come up again. */
function upOf(bus: Bus, count: number): Promise<ReadonlySet<string>> {
  const up = new Set<string>();
  return new Promise((resolve) => {
    bus.onUp((channels) => {
      for (const channel of channels) up.add(channel);
      if (up.size >= count) resolve(up);
    });
  });
}

/** Resolves at the next end of the subscriber's connection. */
function lossOf({ subscriber }: Opened): Promise<void> {
  return new Promise((resolve) => {
    subscriber.client.once("close", resolve);
  });
}

describe.runIf(findRedisBinary() !== null)("on one Redis", () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedisServer();
  });

  afterAll(() => server.stop());

  testBus("redis", async () => {
    const [a, b] = await Promise.all([open(server.url), open(server.url)]);
    return { a: a.bus, b: b.bus, close: () => Promise.all([a.end(), b.end()]).then() };
  });

  test("§5.9 after the subscriber's connection was killed every channel comes up again, in batches, and carries", async () => {
    const opened = await open(server.url);
    const admin = connect(server.url, "command");
    await whenReady(admin, READY_MS);
    const { bus } = opened;
    try {
      const { heard, deliver, until } = collect();
      const channels = Array.from(
        { length: 1_201 },
        (_, n) => `ams:{p9}:${randomBytes(4).toString("hex")}-${n}`,
      );
      for (const channel of channels) await bus.subscribe(channel, deliver);
      bus.unsubscribe(channels.pop() ?? "");
      const loss = lossOf(opened);
      const up = upOf(bus, channels.length);
      await admin.client.call("CLIENT", "KILL", "TYPE", "pubsub");
      await loss;
      expect(bus.notReady()).toBe("bus");
      expect([...(await up)].sort()).toEqual([...channels].sort());
      for (const channel of channels) await bus.publish(channel, Buffer.from(channel));
      await until(channels.length);
      expect(heard).toEqual(channels);
      expect(bus.notReady()).toBeNull();
    } finally {
      admin.client.disconnect();
      await opened.end();
    }
  });
});

/** A way to a port on which answers stop coming, while the connections that are open stay open. */
async function openFreezingProxy(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connectTcp(port, "127.0.0.1");
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    client.pipe(onward).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Fast enough for a test. */
const FAST_MARKS = { everyMs: 50, missedMs: 400 };

test.runIf(findRedisBinary() !== null).for(["subscriber", "commands"])(
  "§5.9 a connection that stays open and carries nothing is not ready, and is made again: the %s'",
  { timeout: 20_000 },
  async (frozen) => {
    const server = await startRedisServer();
    const proxy = await openFreezingProxy(server.port);
    const [forCommands, forSubscriber] =
      frozen === "commands" ? [proxy.url, server.url] : [server.url, proxy.url];
    const commands = connect(forCommands, "command");
    const subscriber = connect(forSubscriber, "subscriber");
    await Promise.all([whenReady(commands, READY_MS), whenReady(subscriber, READY_MS)]);
    const bus = openRedisBus(commands, subscriber, silentLog(), FAST_MARKS);
    try {
      const { heard, deliver, until } = collect();
      await bus.subscribe("ams:{p1}:conv_1", deliver);
      await bus.publish("ams:{p1}:conv_1", Buffer.from("1"));
      await until(1);
      const up = upOf(bus, 1);
      proxy.freeze();
      await expect.poll(() => bus.notReady(), { interval: 5 }).toBe("bus");
      expect([...(await up)]).toEqual(["ams:{p1}:conv_1"]);
      await expect.poll(() => bus.notReady(), { timeout: 5_000 }).toBeNull();
      await bus.publish("ams:{p1}:conv_1", Buffer.from("2"));
      await until(2);
      expect(heard).toEqual(["1", "2"]);
    } finally {
      await bus.close();
      commands.client.disconnect();
      proxy.close();
      await server.stop();
    }
  },
);

/** A connection that is notified of its state. */
class FakeClient extends EventEmitter {
  status = "ready";

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  become(status: "ready" | "close"): void {
    this.status = status;
    this.emit(status);
  }
}

test("§5.9 channels are reported as up only once they are heard again, whichever connection comes back first", async () => {
  const [commands, subscriber] = [new FakeClient(), new FakeClient()];
  const as = (client: FakeClient) => ({ kind: "single", client }) as unknown as RedisConnection;
  const bus = openRedisBus(as(commands), as(subscriber), silentLog());
  await bus.subscribe("ams:{p1}:conv_1", () => undefined);
  const up: string[] = [];
  bus.onUp((channels) => up.push(...channels));
  for (const client of [commands, subscriber]) client.become("close");
  commands.become("ready");
  await endOfTurn();
  expect([up, bus.notReady()]).toEqual([[], "bus"]);
  subscriber.become("ready");
  await endOfTurn();
  expect([up, bus.notReady()]).toEqual([["ams:{p1}:conv_1"], null]);
  commands.become("close");
  commands.become("ready");
  expect(up).toHaveLength(2);
});

test.runIf(findRedisBinary() !== null)(
  "§5.9 while Redis is away publish says so and subscribe rejects; when it is back the channels come up and carry",
  { timeout: 30_000 },
  async () => {
    let server = await startRedisServer();
    const opened = await open(server.url);
    const { bus } = opened;
    try {
      const { heard, deliver, until } = collect();
      await bus.subscribe("ams:{p1}:conv_1", deliver);
      await bus.subscribe("ams:{p2}:conv_2", deliver);
      const loss = lossOf(opened);
      await server.kill();
      await loss;
      expect(bus.notReady()).toBe("bus");
      expect(await bus.publish("ams:{p1}:conv_1", Buffer.from("lost"))).toBe(false);
      await expect(bus.subscribe("ams:{p3}:conv_3", deliver)).rejects.toMatchObject({
        name: "DirectoryUnavailable",
      });
      const up = upOf(bus, 2);
      server = await startRedisServer({ port: server.port });
      expect([...(await up)].sort()).toEqual(["ams:{p1}:conv_1", "ams:{p2}:conv_2"]);
      // Commands and subscriber come back by themselves, in either order.
      while (!(await bus.publish("ams:{p1}:conv_1", Buffer.from("1"))))
        await new Promise(setImmediate);
      await bus.publish("ams:{p2}:conv_2", Buffer.from("2"));
      await until(2);
      expect(heard).toEqual(["1", "2"]);
    } finally {
      await opened.end();
      await server.stop();
    }
  },
);
