// The entry port of the test cluster behaves as a load balancer's: by path, in turn, past the dead,
// with forwarded headers.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { type EntryPort, openEntryPort } from "./cluster/entry-port.ts";

const HANDSHAKE = [
  "GET /a/connect HTTP/1.1",
  "Host: a",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "\r\n",
].join("\r\n");

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

test("paths that end in /connect go to the gateways in turn, and past one that is dead", async () => {
  const [first, second, dead] = [await echo("first"), await echo("second"), await deadPort()];
  const entry = await open([first, dead, second], 1);
  const answers = [];
  for (let count = 0; count < 6; count += 1) answers.push(await hello(entry, "/a/connect?t=x"));
  expect(new Set(answers)).toEqual(new Set(["first /a/connect?t=x", "second /a/connect?t=x"]));
});

test("a socket that no gateway takes is refused with 502", async () => {
  const entry = await open([await deadPort()], 1);
  await expect(hello(entry, "/a/connect")).rejects.toThrow("502");
});

test("clients that reset their connection while their gateway is sought end nothing", async () => {
  const [gateway, dead] = [await echo("gateway"), await deadPort()];
  // So many dead ones that the reset arrives while they are still being tried.
  const gateways = [...Array.from({ length: 50 }, () => dead), gateway];
  const leaving: Socket[] = [];
  const entry = await openEntryPort({
    gateways: () => {
      leaving.shift()?.resetAndDestroy();
      return gateways;
    },
    control: 1,
  });
  closing.push(() => void entry.close());
  for (let count = 0; count < 20; count += 1) {
    const socket = openRaw(entry.port, HANDSHAKE);
    leaving.push(socket);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  expect(await hello(entry, "/a/connect")).toBe("gateway /a/connect");
});

test("clients that reset their connection within a plain request end nothing", async () => {
  const control = createServer((request, response) => {
    void answerWithRequest(request).then(
      (body) => response.end(body),
      () => response.destroy(),
    );
  });
  const entry = await open([], await listen(control));
  const head = "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
  await Promise.all(Array.from({ length: 100 }, () => resetAfter(entry.port, head)));
  await Promise.all(Array.from({ length: 100 }, () => resetAfter(entry.port, "no HTTP\r\n\r\n")));
  const answer = await fetch(`http://127.0.0.1:${entry.port}/`, { method: "POST", body: "here" });
  expect(await answer.json()).toMatchObject({ body: "here" });
});

test("everything else goes to control, with its body, and with who asked under which address", async () => {
  const control = createServer((request, response) => {
    void answerWithRequest(request).then((body) => response.writeHead(201).end(body));
  });
  const entry = await open([], await listen(control));
  const url = `http://127.0.0.1:${entry.port}/v1/accounts?x=1`;
  const answer = await fetch(url, { method: "POST", body: "hello" });
  expect(answer.status).toBe(201);
  expect(await answer.json()).toEqual({
    url: "/v1/accounts?x=1",
    body: "hello",
    from: "127.0.0.1",
    host: `127.0.0.1:${entry.port}`,
    proto: "http",
  });
});

async function open(gateways: readonly number[], control: number): Promise<EntryPort> {
  const entry = await openEntryPort({ gateways: () => gateways, control });
  closing.push(() => void entry.close());
  return entry;
}

/** A gateway that says its name and the path that it was asked for. */
async function echo(name: string): Promise<number> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, request) => socket.send(`${name} ${request.url}`));
  closing.push(() => sockets.close());
  return listen(server);
}

async function hello(entry: EntryPort, path: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${entry.port}${path}`);
  const [data] = await once(socket, "message");
  socket.close();
  return String(data);
}

/** A client that writes this text, whatever becomes of it. */
function openRaw(port: number, text: string): Socket {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  socket.write(text);
  return socket;
}

/** Writes the text and resets the connection as soon as the system took it. */
async function resetAfter(port: number, text: string): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(text, () => socket.resetAndDestroy());
  await closed;
}

async function answerWithRequest(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { url, headers } = request;
  return JSON.stringify({
    url,
    body: Buffer.concat(chunks).toString(),
    from: headers["x-forwarded-for"],
    host: headers["x-forwarded-host"],
    proto: headers["x-forwarded-proto"],
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return port;
}
