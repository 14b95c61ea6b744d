/**
 * One gateway among clients that mean it harm: whoever behaves is served as if they weren't there
 * (§4.4, §5.7).
 */
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  createAccount,
  gatewayUrl,
  HERE,
  type Minted,
  mint,
  until,
} from "../conformance/driver.ts";
import { address, dial, join } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, metric, onRedis, range } from "./journey.ts";
import { expectNothingSilent, tokensOf } from "./losses.ts";

const GUEST = { protocols: ["ams.v1", "ams.guest"] };

/** Sockets that never read, and some that do in the end. */
const DEAF = 1_000;
const WAKING = 10;

/**
 * Unsent bytes that this cluster's gateway keeps for a socket: less than by default, since so many
 * will fill them.
 */
const BACKPRESSURE_BYTES = 131_072;

/**
 * Bytes that the process may grow by: every backlog full, twice that for buffers that grow by
 * doubling, and its own heap.
 */
const GROWTH_BYTES_MAX = 3 * DEAF * BACKPRESSURE_BYTES + 100_000_000;

/** Frames that a client may send at once, and per second, in the cluster where that is tried. */
const FRAMES_BURST = 100;
const FRAMES_PER_SECOND = 50;

/** Pings of each kind in a flood. */
const PINGS = 20_000;

const raws = new Set<Socket>();
afterEach(() => {
  for (const raw of raws) raw.destroy();
  raws.clear();
});

/**
 * A plain TCP connection to the gateway. What comes is collected unless it is asked not to read.
 */
async function raw(): Promise<Socket> {
  const { hostname, port } = new URL(gatewayUrl(HERE));
  const socket = connect(Number(port), hostname);
  raws.add(socket);
  socket.on("error", () => socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

function handshake(minted: Minted, query: Readonly<Record<string, string>>, more = ""): string {
  const { pathname, search, host } = address(minted, { query });
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Protocol: ams.v1, ams.guest\r\n${more}\r\n`;
}

/** The first bytes that come. */
function firstBytes(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("data", (data) => resolve(data.toString("latin1")));
    socket.once("close", () => resolve(""));
  });
}

onRedis("one gateway", () => {
  const env = { AMS_BACKPRESSURE_BYTES: String(BACKPRESSURE_BYTES) };
  const cluster = inCluster({ gateways: 1, env });

  /**
   * An emitter and a healthy reader of one conversation, and how to see that they are still served.
   */
  async function healthy() {
    const ann = await createAccount();
    const minted = await mint(ann);
    const emitter = await join(minted, { as: ann, name: "emitter" });
    const reader = await join(minted, { as: ann, name: "reader" });
    const exchange = async () => {
      for (const [from, to] of [
        [emitter, reader],
        [reader, emitter],
      ] as const) {
        const data = `${Math.random()}`;
        from.say(data);
        await to.token(data);
      }
    };
    return { minted, emitter, reader, exchange };
  }

  test("§5.7 a thousand sockets that never read: a healthy reader hears all, memory is bounded, the deaf are ended", async () => {
    const gateway = gatewayOf(cluster(), 0);
    const resident = () => metric(gateway, "process_resident_memory_bytes");
    const { minted, emitter, reader, exchange } = await healthy();
    const waking = await Promise.all(
      range(WAKING).map((n) => join(minted, { ...GUEST, name: `waking-${n}` })),
    );
    for (const one of waking) one.socket.pause();
    const before = await resident();
    for (const n of range(DEAF)) {
      const socket = await raw();
      socket.pause();
      socket.write(handshake(minted, { stream_name: `deaf-${n}` }));
    }
    const others = DEAF + WAKING + 1;
    await reader.see("all of them", () => reader.peers.size === others, 30_000);
    let sent = 0;
    let highest = 0;
    while (reader.peers.size > 1) {
      expect(sent, "they should have ended long ago").toBeLessThan(5_000);
      for (const _ of range(4)) emitter.say("x".repeat(16_000));
      sent += 4;
      await reader.see("the burst", () => tokensOf(reader, emitter.id).length === sent);
      highest = Math.max(highest, await resident());
    }
    expect(highest - before).toBeLessThan(GROWTH_BYTES_MAX);
    const { epoch } = emitter.joined;
    expect(expectNothingSilent(reader, emitter.id, { epoch, first: 1, last: sent })).toBe(0);
    for (const one of waking) one.socket.resume();
    for (const one of waking) {
      expect(await one.ended()).toEqual({ code: 4290, reason: "subscriber_backpressure" });
    }
    await until(
      () => metric(gateway, "ams_gateway_backpressured_sockets"),
      (count) => count === 0,
      20_000,
    );
    await exchange();
  });

  test("§4.3 a flood of pings is answered in full, and holds nobody up", async () => {
    const { minted, exchange } = await healthy();
    const pinger = await join(minted, { ...GUEST, name: "pinger" });
    let pongs = 0;
    pinger.socket.on("pong", () => {
      pongs += 1;
    });
    for (const _ of range(PINGS)) {
      pinger.socket.ping();
      pinger.send({ type: "ping" });
    }
    await exchange();
    const answered = () => pinger.frames.filter(({ type }) => type === "pong").length;
    await until(
      () => Promise.resolve([pongs, answered()]),
      ([control, frames]) => control === PINGS && frames === PINGS,
    );
  });

  test("§4.4.4 handshakes that stand half-way, or come a byte at a time, hold nobody up", async () => {
    const { minted, exchange } = await healthy();
    const whole = handshake(minted, { stream_name: "half" });
    for (const n of range(200)) (await raw()).write(whole.slice(0, 20 + n));
    const slow = await Promise.all(range(20).map(() => raw()));
    for (const second of range(3)) {
      for (const socket of slow) socket.write(whole.charAt(second));
      await exchange();
      await pause(1_000); // That it takes so long is what is tried.
    }
  });

  test("§3.1.1 headers of more than 32 KiB are 431, and of less are read", async () => {
    const { minted, reader, exchange } = await healthy();
    const filled = (bytes: number) => `X-Filler: ${"x".repeat(bytes)}\r\n`;
    const refused = await raw();
    refused.write(handshake(minted, { stream_name: "long" }, filled(33_000)));
    expect(await firstBytes(refused)).toMatch(/^HTTP\/1\.1 431 /);
    const taken = await raw();
    taken.write(handshake(minted, { stream_name: "long" }, filled(31_000)));
    expect(await firstBytes(taken)).toMatch(/^HTTP\/1\.1 101 /);
    await reader.next("stream_joined", ({ stream_name }) => stream_name === "long");
    await exchange();
  });

  test("§4.1 a frame that comes in many TCP segments is one frame", async () => {
    const { minted, reader } = await healthy();
    const socket = await raw();
    socket.setNoDelay(true);
    socket.write(handshake(minted, { stream_name: "split" }));
    await reader.next("stream_joined", ({ stream_name }) => stream_name === "split");
    const data = "split ".repeat(30);
    for (const byte of maskedFrame(JSON.stringify({ type: "token", data }))) {
      await new Promise((written) => socket.write(Uint8Array.of(byte), written));
    }
    expect(await reader.token(data)).toMatchObject({ stream_name: "split" });
  });

  test("§4.4.4 what a client sends as soon as its socket is open, before it is joined, is not lost", async () => {
    const { minted, reader } = await healthy();
    for (const round of range(20)) {
      const name = `early-${round}`;
      const words = range(20).map((n) => `${name} ${n}`);
      const early = dial(minted, { ...GUEST, name });
      early.socket.once("open", () => {
        for (const word of words) early.say(word);
      });
      await reader.token(words.at(-1) ?? "");
      expect(tokensOf(reader, early.id).map(({ data }) => data)).toEqual(words);
    }
  });
});

onRedis("one gateway with a low rate", () => {
  const env = {
    AMS_FRAMES_PER_SECOND: String(FRAMES_PER_SECOND),
    AMS_FRAMES_BURST: String(FRAMES_BURST),
  };
  inCluster({ gateways: 1, env });

  test("§4.4.3 who sends too fast is closed 4290 rate_limited, what came before is delivered, and others go on", async () => {
    const ann = await createAccount();
    const minted = await mint(ann);
    const hasty = await join(minted, { as: ann, name: "hasty" });
    const calm = await join(minted, { as: ann, name: "calm" });
    for (const n of range(3 * FRAMES_BURST)) hasty.say(`${n}`);
    expect(await hasty.ended()).toEqual({ code: 4290, reason: "rate_limited" });
    await calm.next("stream_left", ({ stream_id }) => stream_id === hasty.id);
    const heard = calm.heard.map(Number);
    expect(heard).toEqual(range(heard.length));
    expect(heard.length).toBeGreaterThanOrEqual(FRAMES_BURST);
    expect(heard.length).toBeLessThan(2 * FRAMES_BURST);
    const back = await join(minted, { as: ann, name: "hasty" });
    calm.say("still here");
    await back.token("still here");
    back.say("calmer");
    await calm.token("calmer");
  });
});

/** A text frame as a client sends it, with a mask. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const length =
    payload.length < 126
      ? [0x80 | payload.length]
      : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, ...length]), mask, masked]);
}
