/**
 * A peer: what one writes in an afternoon. `ws`, one PUBLISH per token through ioredis, and a loop
 * of sends over the subscribers of a conversation. A process of its own, which ends with its stdin.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { Redis } from "ioredis";
import { type WebSocket, WebSocketServer } from "ws";

const FRAME_BYTES_MAX = 1_048_576;

const [, , port = "0", redisUrl = ""] = process.argv;
const [publisher, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
await Promise.all([once(publisher, "ready"), once(subscriber, "ready")]);
/** Sockets by the conversation that they joined. */
const conversations = new Map<string, Set<WebSocket>>();
let joined = 0;

type Sent = { readonly from: number; readonly frame: string };

const numberOf = new WeakMap<WebSocket, number>();

subscriber.on("message", (conversation, text) => {
  const { from, frame }: Sent = JSON.parse(text);
  for (const socket of conversations.get(conversation) ?? []) {
    if (numberOf.get(socket) !== from) socket.send(frame);
  }
});

const http = createServer();
const server = new WebSocketServer({
  server: http,
  perMessageDeflate: false,
  maxPayload: FRAME_BYTES_MAX,
});
server.on("connection", (socket, request) => {
  const conversation = request.url ?? "/";
  joined += 1;
  const number = joined;
  numberOf.set(socket, number);
  const sockets = conversations.get(conversation) ?? new Set();
  conversations.set(conversation, sockets.add(socket));
  socket.on("message", (bytes) => {
    const { type, data } = JSON.parse(String(bytes));
    if (type !== "token") return;
    const frame = JSON.stringify({ type, from: number, ts: new Date().toISOString(), data });
    publisher.publish(conversation, JSON.stringify({ from: number, frame } satisfies Sent));
  });
  socket.on("close", () => sockets.delete(socket));
  subscriber.subscribe(conversation, () => socket.send("entered"));
});
http.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
process.stdin.on("end", () => process.exit()).resume();
