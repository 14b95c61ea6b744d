// A roster that is larger than the backpressure limit costs no healthy reader anything, and a
// stalled one no more memory (§5.7).
import type { CloseReason } from "@ams/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { HeldFrames } from "../conversation/held-frames.ts";
import { metricsOf } from "../testing/fakes.ts";
import { Server } from "./server.ts";
import type { Socket } from "./sockets.ts";

const LIMIT = 65_536;
/** Bytes of a first frame that no kernel takes at once. */
const JOINED_BYTES = 16_777_216;
const JOINED = "j".repeat(JOINED_BYTES);
const TOPIC = "t";

let server: Server;
let port: number;
let value: ReturnType<typeof metricsOf>["value"];
let opened: ((socket: Socket) => void)[];
let received: ((text: string) => void)[];

beforeEach(async () => {
  const made = metricsOf();
  value = made.value;
  opened = [];
  received = [];
  server = new Server(made.metrics);
  const at = await server.open(
    { host: "127.0.0.1", port: 0, names: { publicUrl: null, allowedHosts: [] } },
    {
      metrics: made.metrics,
      backpressureBytes: LIMIT,
      onConnect: (_, pending) => {
        pending.accept({
          opened: (socket) => {
            socket.send(JOINED);
            socket.subscribe(TOPIC);
            opened.shift()?.(socket);
          },
          received: (frame) => received.shift()?.(Buffer.from(frame).toString()),
          gone: () => undefined,
        });
      },
      http: () => Promise.resolve(new Response()),
    },
  );
  if (at === null) throw new Error("no port");
  port = at;
});

afterEach(() => server.close());

type Client = {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly heard: string[];
  readonly until: (count: number) => Promise<void>;
  readonly closed: Promise<string>;
};

/** A client that reads nothing until it is resumed, and its socket once `joined` was sent. */
async function connect(): Promise<Client> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/ns/conversations/alias/connect`);
  const socket = new Promise<Socket>((resolve) => {
    opened.push(resolve);
  });
  const heard: string[] = [];
  let look: () => void = () => undefined;
  ws.on("message", (data) => {
    heard.push(data.toString());
    look();
  });
  const closed = new Promise<string>((resolve) => {
    ws.on("close", (code, reason) => resolve(`${code} ${reason}`));
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (heard.length >= count) resolve();
      };
      look();
    });
  await new Promise((resolve) => ws.once("open", resolve));
  ws.pause();
  return { ws, socket: await socket, heard, until, closed };
}

const publish = (frame: string) => server.publish(TOPIC, frame, 1);
const frames = (count: number) => Array.from({ length: count }, (_, n) => `${n}`.padEnd(1_000));

test("§5.7 a reader whose roster passes the limit hears all of it, and every later frame in order", async () => {
  const { ws, socket, heard, until } = await connect();
  const sent = frames(60);
  for (const frame of sent.slice(0, 30)) publish(frame);
  socket.send("pong");
  for (const frame of sent.slice(30)) publish(Buffer.from(frame).toString());
  ws.resume();
  await until(62);
  for (const frame of sent) publish(frame);
  await until(122);
  expect(heard[0] === JOINED).toBe(true);
  expect(heard.slice(1, 32)).toEqual([...sent.slice(0, 30), "pong"]);
  expect(heard.slice(32)).toEqual([...sent.slice(30), ...sent]);
  expect(await value("ams_gateway_backpressured_sockets")).toBe(0);
  ws.close();
});

test("§5.7 a reader that doesn't read its roster is closed 4290 at the limit, and reads the code", async () => {
  const { ws, heard, closed } = await connect();
  for (const frame of frames(100)) publish(frame);
  await expect.poll(() => value("ams_gateway_backpressured_sockets")).toBe(1);
  ws.resume();
  expect(await closed).toBe("4290 subscriber_backpressure");
  expect(heard).toHaveLength(1);
  expect(await value("ams_gateway_backpressured_sockets")).toBe(0);
});

test("§5.1 what a socket publishes while its roster is on its way reaches the others and not itself", async () => {
  const [one, other] = [await connect(), await connect()];
  one.socket.publish(TOPIC, "from one", 1);
  other.socket.publish(TOPIC, "from other", 1);
  for (const { ws, until } of [one, other]) {
    ws.resume();
    await until(2);
  }
  expect([one.heard.slice(1), other.heard.slice(1)]).toEqual([["from other"], ["from one"]]);
  for (const { ws } of [one, other]) ws.close();
});

test("§6.1 a close while the roster is on its way arrives with its code", async () => {
  const { ws, socket, heard, closed } = await connect();
  const reason: CloseReason = "conversation_closed";
  socket.end(reason);
  publish("later");
  ws.resume();
  expect(await closed).toBe(`4005 ${reason}`);
  expect(heard).toHaveLength(1);
});

test("§5.7 a frame of the client that comes while the roster is on its way is taken at once", async () => {
  const { ws, until, heard } = await connect();
  const frame = new Promise<string>((resolve) => {
    received.push(resolve);
  });
  ws.send("hello");
  expect(await frame).toBe("hello");
  ws.resume();
  publish("later");
  await until(2);
  expect(heard[1]).toBe("later");
  ws.close();
});

test("frames are held up to the limit, counted with what each costs, and as copies", () => {
  const held = new HeldFrames(1_000);
  const bytes = Buffer.from("abc");
  expect(held.keep(bytes)).toBe(true);
  bytes.fill("x");
  expect(held.keep("y".repeat(869))).toBe(true);
  expect(held.keep("")).toBe(false);
  expect(held.take().map(String)).toEqual(["abc", "y".repeat(869)]);
  expect(held.keep("z".repeat(900))).toBe(true);
  expect(held.keep("z".repeat(900))).toBe(false);
});
