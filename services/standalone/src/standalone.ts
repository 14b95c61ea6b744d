/**
 * A whole AMS in one process: one directory, one gateway, and control and the edges behind the
 * gateway's port.
 */
import { createHmac } from "node:crypto";
import { type Control, createControl, startExpiry } from "@ams/control";
import { type Peppers, watchSuspensions } from "@ams/directory";
import type { EdgeApp } from "@ams/edge";
import { type Gateway, startGateway } from "@ams/gateway";
import { type AdminPort, createMeters, type Health, type Log, openAdminPort } from "@ams/process";
import type { Registry } from "prom-client";
import { localUrl } from "./addresses.ts";
import type { StandaloneConfig } from "./config.ts";
import { createFront } from "./front.ts";
import type { Store } from "./store.ts";

export type Parts = {
  readonly config: StandaloneConfig;
  readonly store: Store;
  readonly peppers: Peppers;
  /** From which each edge's own secret is derived. */
  readonly edgeSecret: string;
  readonly log: Log;
  readonly registry: Registry;
};

export type Standalone = {
  readonly port: number;
  readonly admin: AdminPort | null;
  /** What the edges have to say to whoever started it. */
  readonly lines: readonly string[];
  /** Asks control as somebody on this machine would, without a socket. */
  readonly ask: (request: Request) => Promise<Response>;
  /**
   * MCP sessions ended, sockets notified and closed, then the admin port. The store is the caller's
   * to close.
   */
  readonly stop: () => Promise<void>;
};

/**
 * Starts it; null when its port is taken. Rejects when the store can't be reached or the admin port
 * can't be had.
 */
export async function startStandalone(parts: Parts): Promise<Standalone | null> {
  const { config, store, peppers, log, registry } = parts;
  const { directory, bus, replay, rates } = store;
  const { host, port, instance } = place(config);
  const now = Date.now;
  const meters = createMeters({ config: config.control, now });
  const suspensions = watchSuspensions(directory);
  const control = createControl({
    config: config.control,
    peppers,
    directory,
    suspensions,
    rates,
    log,
    registry,
    meters,
    now,
  });
  const listening = { port };
  const ownUrl = () => localUrl(host, listening.port);
  const given = { reached: config.control, url: ownUrl, log, registry, meters };
  const edges = new Map(
    [...config.edges].map(([name, open]) => {
      const secret = createHmac("sha256", parts.edgeSecret).update(`edge ${name}`).digest("hex");
      return [name, open({ ...given, secret })] as const;
    }),
  );
  const gateway = await startGateway({
    at: { host, port, names: config.control },
    instance,
    config: config.gateway,
    peppers,
    issuer: config.control.issuer,
    directory,
    bus,
    replay,
    log,
    registry,
    isHosted: true,
    http: createFront({ ...Object.fromEntries(edges), control }).fetch,
    now,
  });
  if (gateway === null) return null;
  listening.port = gateway.port;
  const lines = await startEdges([...edges.values()], config, gateway.port);
  const expiry = startExpiry(directory, log);
  const health: Health = { now, instance, notReady: gateway.notReady };
  const admin = await openAdmin(config, health, registry, control);
  return {
    port: gateway.port,
    admin,
    lines,
    ask: (request) => control.fetch(request, { address: "127.0.0.1" }),
    stop: async () => {
      suspensions.stop();
      await expiry.stop();
      await stop([...edges.values()], gateway, admin);
    },
  };
}

function place({ own, control }: StandaloneConfig) {
  return { host: own.HOST ?? "127.0.0.1", port: own.PORT, instance: control.instance };
}

/** Those that have a store or a port of their own; one by one, so that ports don't race. */
async function startEdges(
  edges: readonly EdgeApp[],
  config: StandaloneConfig,
  port: number,
): Promise<readonly string[]> {
  const { own, control: names } = config;
  const isPortChosen = own.PORT === 0;
  const folder = own.AMS_DATA ?? ".ams";
  const at = { kind: "standalone", host: own.HOST ?? "127.0.0.1", port, isPortChosen } as const;
  const lines: string[] = [];
  for (const edge of edges) lines.push(...((await edge.start?.({ ...at, names, folder })) ?? []));
  return lines;
}

async function openAdmin(
  { own, control }: StandaloneConfig,
  health: Health,
  registry: Registry,
  { operator }: Control,
): Promise<AdminPort | null> {
  const { AMS_ADMIN_PORT: port, AMS_ADMIN_HOST: host } = own;
  if (port === null) return null;
  return openAdminPort({ host: host ?? "127.0.0.1", port, names: control }, health, registry, {
    under: "/operator/",
    app: operator,
  });
}

/** The edges first: their callers leave while the gateway can still notify the others. */
async function stop(
  edges: readonly EdgeApp[],
  gateway: Gateway,
  admin: AdminPort | null,
): Promise<void> {
  await Promise.all(edges.map((edge) => edge.stop?.()));
  await gateway.stop();
  await admin?.close();
}
