/** Ports for processes that get theirs before they start. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that the system gives to outgoing connections, so that none of those takes it in
 * between.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;

const given = new Set<number>();

/** A loopback port on which nobody listens, and which this process has not given out before. */
export async function freePort(): Promise<number> {
  const port = randomInt(PORT_MIN, PORT_MAX);
  if (given.has(port) || !(await isFree(port))) return freePort();
  given.add(port);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
