/**
 * Caddy itself with deploy/entry/Caddyfile, on loopback, before one server that stands for every
 * upstream.
 */

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "../cluster/free-port.ts";
import { startProcess } from "../cluster/server-process.ts";

export type RunningCaddy = { readonly url: string; readonly stop: () => Promise<void> };

/** Answers as the upstream of that name. */
export type Upstream = (name: string, request: IncomingMessage, response: ServerResponse) => void;

/** Path of the program; null where there is none. */
export function findCaddy(): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "caddy")).find((path) => existsSync(path)) ?? null;
}

export async function startCaddy(
  file: string,
  caddyfile: string,
  upstream: Upstream,
): Promise<RunningCaddy> {
  const folder = await mkdtemp(join(tmpdir(), "ams-entry-"));
  const servers = new Map<string, { readonly port: number; readonly close: () => void }>();
  for (const [, name = ""] of caddyfile.matchAll(UPSTREAM)) {
    if (!servers.has(name)) servers.set(name, await listen(name, upstream));
  }
  const port = await freePort();
  const portOf = (name: string) => servers.get(name)?.port ?? 0;
  const config = join(folder, "Caddyfile");
  await writeFile(config, onLoopback(caddyfile, port, portOf));
  const url = `http://127.0.0.1:${port}`;
  const caddy = await startProcess(
    {
      name: "caddy",
      file,
      args: ["run", "--config", config, "--adapter", "caddyfile"],
      env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      logFile: join(folder, "log"),
    },
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
  );
  return {
    url,
    stop: async () => {
      await caddy.stop();
      for (const { close } of servers.values()) close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const UPSTREAM = /\b([a-z][a-z0-9-]*):\d+\b/g;

/** The same file with this machine's ports. Both gateways' health is asked at the first one's. */
function onLoopback(caddyfile: string, port: number, portOf: (name: string) => number): string {
  return caddyfile
    .replace(UPSTREAM, (_, name) => `127.0.0.1:${portOf(name)}`)
    .replace(/^:8080 \{$/m, `http://127.0.0.1:${port} {\n\tbind 127.0.0.1`)
    .replace(/health_port \d+/, `health_port ${portOf("gateway-1")}`);
}

async function listen(name: string, upstream: Upstream) {
  const server = createServer((request, response) => upstream(name, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
