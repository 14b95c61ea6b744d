// Past its limit of memory a gateway takes no more connects, whatever the memory is kept for.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { Server } from "../accept/server.ts";
import { metricsOf } from "../testing/fakes.ts";
import { Memory } from "./memory.ts";

const MIB = 1_048_576;

test("a gateway is full above its limit and not at it, and reads its memory a few times a second", () => {
  const readings = [100, 101, 99];
  let nowMs = 0;
  const memory = new Memory({
    limitBytes: 100,
    residentBytes: () => readings.shift() ?? 0,
    nowMs: () => nowMs,
  });
  const at = (ms: number) => {
    nowMs = ms;
    return [memory.isFull(), memory.notReady()];
  };
  expect(at(0)).toEqual([false, null]);
  expect(at(99)).toEqual([false, null]);
  expect(at(100)).toEqual([true, "memory"]);
  expect(at(199)).toEqual([true, "memory"]);
  expect(at(200)).toEqual([false, null]);
});

test("without a limit of its own it is below what the machine has", () => {
  expect(new Memory({ limitBytes: 0, residentBytes: () => 10 * MIB }).isFull()).toBe(false);
  expect(new Memory({ limitBytes: 0, residentBytes: () => 2 ** 60 }).isFull()).toBe(true);
});

/** A connection with a message of 1 MiB of which the last bytes never come. */
async function holdUnfinished(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const lines = ["GET /a/conversations/b/connect HTTP/1.1", "Host: 127.0.0.1"];
  const upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  socket.write(`${[...lines, ...upgrade, key].join("\r\n")}\r\n\r\n`);
  await once(socket, "data");
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, Buffer.alloc(MIB - 1, "x")]));
  return socket;
}

test("unfinished messages, which no budget sees, count in it", { timeout: 30_000 }, async () => {
  const { metrics } = metricsOf();
  const server = new Server(metrics);
  const port = await server.open(
    { host: "127.0.0.1", port: 0, names: { publicUrl: null, allowedHosts: [] } },
    {
      metrics,
      backpressureBytes: 65_536,
      onConnect: () => undefined,
      http: () => Promise.resolve(new Response()),
    },
  );
  const memory = new Memory({ limitBytes: process.memoryUsage.rss() + 64 * MIB });
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < 300 && !memory.isFull(); count += 1) {
      sockets.push(await holdUnfinished(port ?? 0));
    }
    await expect.poll(() => memory.isFull()).toBe(true);
    expect(sockets.length).toBeLessThan(300);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
});
