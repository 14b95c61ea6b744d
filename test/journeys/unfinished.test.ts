/**
 * Guests that never finish their messages: the library keeps those unseen, so the gateway's memory
 * fills. It then ends quiet guests, those of the attacked conversation's owner first, and whoever
 * has an account joins as before (§5.8.1).
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  createAccount,
  gatewayUrl,
  type Minted,
  mint,
  unique,
  until,
} from "../conformance/driver.ts";
import { dial, join } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis, range, readiness } from "./journey.ts";

const MIB = 1_048_576;
const GUESTS = 300;

/** Guests who only listen, in a conversation of another owner. */
const LISTENERS = 10;

/** Bytes of memory above what the gateway has when it starts, past which it is full. */
const SPARE = 128 * MIB;

/** Bytes that an idle gateway has: 90 to 120 MiB as measured. */
const IDLE = 128 * MIB;

/** Milliseconds in which a gateway of so many quiet guests has ended enough of them. */
const SHED_WITHIN_MS = 60_000;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Joins as a guest, by hand: no client leaves a message unfinished. */
async function joinAsGuest(minted: Minted): Promise<Socket> {
  const { port, hostname, host } = new URL(gatewayUrl(0));
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on("error", () => undefined);
  const { pathname } = new URL(minted.magic_link);
  const lines = [
    `GET ${pathname}/connect?t=${minted.t}&stream_name=${unique("g")} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: ams.v1, ams.guest",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  await once(socket, "data");
  return socket;
}

/** A message of 1 MiB of which the last byte never comes. */
function beginMessage(socket: Socket): void {
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, Buffer.alloc(MIB - 1, "x")]));
}

/** Resident bytes of a process on Linux. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

onRedis("a gateway with little memory", () => {
  const cluster = inCluster({ gateways: 1, env: { AMS_MEMORY_BYTES: String(IDLE + SPARE) } });

  test.runIf(process.platform === "linux")(
    "§5.8.1 300 guests with unfinished messages keep nobody out, and end nobody who has an account or listens elsewhere",
    { timeout: 180_000 },
    async () => {
      const ann = await createAccount();
      const minted = await mint(ann);
      const reader = await join(minted, { as: ann, name: "reader" });
      const gateway = gatewayOf(cluster(), 0);
      const elsewhere = await mint(await createAccount());
      for (const _ of range(LISTENERS)) await joinAsGuest(elsewhere);
      const listeners = [...sockets];
      for (const _ of range(GUESTS)) await joinAsGuest(minted);
      for (const socket of sockets.slice(LISTENERS)) beginMessage(socket);
      const isFull = () => readiness(gateway);
      await until(isFull, (status) => status === 503, SHED_WITHIN_MS);
      const highest = await residentBytes(gateway.pid);
      await until(
        () => dial(minted, { as: ann, name: "late" }).settled(),
        (hasJoined) => hasJoined,
        SHED_WITHIN_MS,
      );
      await until(isFull, (status) => status === 200, SHED_WITHIN_MS);
      expect(await residentBytes(gateway.pid)).toBeLessThan(highest);
      expect(reader.endedByBroker).toBeNull();
      expect(listeners.filter(({ readyState }) => readyState !== "open")).toEqual([]);
    },
  );
});
