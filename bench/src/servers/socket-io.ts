/**
 * A peer: socket.io with its Redis adapter, WebSocket only, as its documentation sets it up. Ends
 * with its stdin.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const FRAME_BYTES_MAX = 1_048_576;

const [, , port = "0", redisUrl = ""] = process.argv;
const [publisher, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
await Promise.all([once(publisher, "ready"), once(subscriber, "ready")]);
const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  maxHttpBufferSize: FRAME_BYTES_MAX,
  adapter: createAdapter(publisher, subscriber),
});
io.on("connection", (socket) => {
  const conversation = String(socket.handshake.query.conversation);
  socket.on("token", (data: unknown) => {
    socket.to(conversation).emit("token", data);
  });
  Promise.resolve(socket.join(conversation)).then(
    () => socket.emit("entered"),
    () => socket.disconnect(),
  );
});
http.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
process.stdin.on("end", () => process.exit()).resume();
