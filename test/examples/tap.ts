/**
 * Stands between a program and a server, passes every byte on, and keeps what the server sent:
 * frames of a server are plain text.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export type Tap = {
  /** The same URL, by way of the tap. */
  readonly through: (url: string) => string;
  /** Everything that the server sent so far, as it went over the line. */
  readonly received: () => string;
};

export async function startTap(serverUrl: string): Promise<Tap> {
  const { hostname, port } = new URL(serverUrl);
  let received = "";
  const sockets = new Set<Socket>();
  const tap = createServer((near) => {
    const far = connect(Number(port), hostname);
    far.on("data", (bytes) => {
      received += bytes.toString("latin1");
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    near.pipe(far).pipe(near);
  });
  await once(tap.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    tap.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = tap.address();
  const tapPort = typeof address === "object" ? address?.port : undefined;
  return {
    through: (url) => url.replace(`:${port}/`, `:${tapPort}/`),
    received: () => received,
  };
}
