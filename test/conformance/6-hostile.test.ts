/**
 * §4.4.4, §6: clients that break off halfway, or say what no client should, leave everybody else
 * served.
 */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { account, gatewayUrl, HERE, http, inspect, type Minted, mint, until } from "./driver.ts";
import { address, join, type Subscriber } from "./subscriber.ts";

const raws: Socket[] = [];
afterEach(() => {
  for (const raw of raws.splice(0)) raw.destroy();
});

/** A plain TCP connection to the gateway, with this written to it. */
async function raw(bytes: string | Uint8Array): Promise<Socket> {
  const { hostname, port } = new URL(gatewayUrl(HERE));
  const socket = connect(Number(port || 80), hostname);
  raws.push(socket);
  socket.on("error", () => socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(bytes);
  return socket;
}

function handshake(minted: Minted, credential: string, name: string): string {
  const { pathname, search, host } = address(minted);
  return [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    `Authorization: Bearer ${credential}`,
    `X-AMS-Stream-Name: ${name}`,
    "",
    "",
  ].join("\r\n");
}

/** Two subscribers that must go on hearing each other. */
async function witnesses(minted: Minted) {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const one = await join(minted, { as: ann, name: "one" });
  const two = await join(minted, { as: bob, name: "two", at: 1 });
  return async () => {
    await exchange(one, two);
    await exchange(two, one);
  };
}

async function exchange(from: Subscriber, to: Subscriber): Promise<void> {
  const data = `${Math.random()}`;
  from.say(data);
  await to.token(data);
}

test("§4.4.4 a handshake that is never finished disturbs nobody", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const stillServed = await witnesses(minted);
  const whole = handshake(minted, ann.credential, "half");
  for (let length = 5; length < whole.length; length += 60) await raw(whole.slice(0, length));
  await stillServed();
  expect((await inspect(minted)).streams).toHaveLength(2);
});

test("§4.4.4 bytes that are no HTTP and no WebSocket disturb nobody", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const stillServed = await witnesses(minted);
  await raw("\u0000\u0001\u0002\r\n\r\n");
  await raw(`GET / HTTP/9.9\r\n\r\n${"x".repeat(10_000)}`);
  await raw(`${"A".repeat(20_000)}\r\n\r\n`);
  for (const bytes of [
    [0xff, 0xff, 0xff, 0xff],
    [0x81, 0x05, 0x61, 0x61],
    [0xc1, 0x80, 0, 0, 0, 0],
  ]) {
    const socket = await raw(handshake(minted, ann.credential, "noise"));
    await new Promise((resolve) => socket.once("data", resolve));
    socket.write(new Uint8Array(bytes));
  }
  await stillServed();
});

test("§6.3 a client that resets its connection right after its handshake leaves no ghost", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const stillServed = await witnesses(minted);
  for (let n = 0; n < 10; n += 1) {
    const socket = await raw(handshake(minted, ann.credential, `gone-${n % 4}`));
    if (n % 2 === 0) await new Promise((resolve) => socket.once("data", resolve));
    socket.resetAndDestroy();
  }
  await stillServed();
  await until(
    () => inspect(minted),
    ({ streams }) => streams.length === 2,
  );
});

test("§4.4.4 text that is no UTF-8 ends its own socket only", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const stillServed = await witnesses(minted);
  const socket = await raw(handshake(minted, ann.credential, "latin1"));
  await new Promise((resolve) => socket.once("data", resolve));
  const ended = new Promise((resolve) => socket.once("close", resolve));
  const payload = Buffer.from('{"type":"token","data":"\xe9"}', "latin1");
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  await ended;
  await stillServed();
});

test("§4.5 two thousand pings are answered by two thousand pongs, and others are served", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const stillServed = await witnesses(minted);
  const pinger = await join(minted, { as: ann, name: "pinger" });
  for (let n = 0; n < 2_000; n += 1) pinger.send({ type: "ping" });
  const pongs = () => pinger.frames.filter(({ type }) => type === "pong").length;
  await pinger.see("2,000 pongs", () => pongs() === 2_000);
  await stillServed();
});

test("§2.1.1 odd paths and queries are answered, and never with 5xx", async () => {
  const { namespace, credential } = await account();
  const paths = [
    "//",
    "/%",
    "/%00",
    "/v1/%2e%2e/x",
    "/v1//conversations",
    `/v1/${namespace}/conversations/%F0%9F%98%80`,
    `/v1/${namespace}/conversations/${"a".repeat(4_000)}`,
    `/v1/${namespace}/conversations?limit[]=1&cursor=%FF`,
    `/v1/${namespace}/conversations/x?t=%FF&t=2`,
  ];
  for (const path of paths) {
    const { status } = await http("GET", path, { bearer: credential });
    expect(status, path).toBeLessThan(500);
  }
});
