// The native load client against a server that sends what it likes: what it counts is what was
// said, however it was framed.
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { upgradeRequest } from "./handshake.ts";
import { openLoadClient } from "./load-client.ts";
import { faultsOf, groupOf } from "./load-result.ts";

/** Milliseconds: the client may have to be compiled first. */
const TIMEOUT_MS = 30_000;

const isNative = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;

/**
 * Passes readers what came in one turn in one frame, a line for each token, as servers do that
 * gather what they write.
 */
async function startGatherer() {
  const http = createServer().listen(0, "127.0.0.1");
  const sockets = new WebSocketServer({ server: http });
  const readers: WebSocket[] = [];
  const gathered: string[] = [];
  sockets.on("connection", (socket, { url }) => {
    if (url === "/hears") readers.push(socket);
    socket.on("message", (data) => {
      if (gathered.push(String(data)) > 1) return;
      setImmediate(() => {
        const frame = gathered.splice(0).join("\n");
        for (const reader of readers) reader.send(frame);
      });
    });
    socket.send("entered");
  });
  await new Promise((resolve) => http.once("listening", resolve));
  const { port } = http.address() as AddressInfo;
  return { port, stop: () => http.close() };
}

test.skipIf(!isNative)(
  "many tokens in one frame are as many, and none of them is lost",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const server = await startGatherer();
    const member = { port: server.port, channel: 0, ready: "entered" };
    const result = await openLoadClient().run({
      warmupMs: 0,
      measureMs: 100,
      drainMs: 1_000,
      connectMs: 5_000,
      connectingMax: 8,
      enteringMax: 8,
      watched: {},
      groups: [
        {
          name: "gathered",
          payload: 32,
          pace: { kind: "saturated", window: 64 },
          members: [
            { ...member, emits: true, request: upgradeRequest("/emits"), prefix: "{", suffix: "}" },
            { ...member, hears: true, request: upgradeRequest("/hears") },
            { ...member, hears: true, request: upgradeRequest("/hears") },
          ],
        },
      ],
    });
    server.stop();
    const { emitted_total, delivered_total } = groupOf(result, "gathered");
    expect(faultsOf(result)).toEqual([]);
    expect(delivered_total).toBe(2 * emitted_total);
    expect(emitted_total).toBeGreaterThan(64);
  },
);
