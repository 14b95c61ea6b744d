/** One gateway, put together: the only file that knows every module of it. */
import {
  type Directory,
  decodeDeploymentEvent,
  encodeEvent,
  type GatewayId,
  type Peppers,
} from "@ams/directory";
import { createIdentity, type IdentityOptions } from "@ams/identity";
import type { ReplayLog } from "@ams/log";
import { describeError, type Health, type HostNames, healthBody, type Log } from "@ams/process";
import { PROBLEMS, type ProblemCode } from "@ams/protocol";
import type { Registry } from "prom-client";
import type { AdmitDeps } from "./accept/admit.ts";
import { Connector } from "./accept/connector.ts";
import { Credentials } from "./accept/credentials.ts";
import type { HttpHandler } from "./accept/http-bridge.ts";
import { type GatewayPort, Server } from "./accept/server.ts";
import type { Bus } from "./bus/bus.ts";
import { Relay } from "./bus/relay.ts";
import type { GatewayConfig } from "./config.ts";
import { Conversations } from "./conversation/conversations.ts";
import type { SessionTerms } from "./conversation/session.ts";
import { Waiting } from "./conversation/waiting.ts";
import type { GatewayDeps } from "./deps.ts";
import { Draining, type DrainTerms, drain } from "./lifecycle/drain.ts";
import { Holdings } from "./lifecycle/holdings.ts";
import { beginHosting, type Hosting } from "./lifecycle/hosting.ts";
import { Lease } from "./lifecycle/lease.ts";
import { Memory } from "./lifecycle/memory.ts";
import { OneAtATime } from "./lifecycle/one-at-a-time.ts";
import { beginShedding } from "./lifecycle/shedding.ts";
import { GatewayMetrics, type JoinOutcome } from "./metrics.ts";
import { Turns } from "./replay/turns.ts";
import { Meters } from "./usage/meters.ts";
import { showNotice } from "./usage/notices.ts";

export type GatewayOptions = {
  readonly at: { readonly host: string; readonly port: number; readonly names: HostNames };
  readonly instance: string;
  readonly config: GatewayConfig;
  readonly peppers: Peppers;
  /** Whose JWTs are bearers; without it nobody's. */
  readonly issuer?: IdentityOptions["issuer"];
  readonly directory: Directory;
  readonly bus: Bus;
  /** What conversations with replay keep; without it the gateway keeps nothing. */
  readonly replay?: ReplayLog;
  readonly log: Log;
  readonly registry: Registry;
  /** Answers whatever is no connect and no `/healthz`; without it that is 404. */
  readonly http?: HttpHandler;
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Whether it ends what operators suspend, and reports itself to them; not unless given. */
  readonly isHosted?: boolean;
  /** Whether other gateways take its sockets over when it stops; not unless given. */
  readonly isTakenOver?: boolean;
  /** The public port, where it is not the server library's: a simulation has its own. */
  readonly openPort?: (metrics: GatewayMetrics) => GatewayPort;
};

export type Gateway = {
  readonly port: number;
  /** Null while it may be sent connects, else the name of what it waits for. */
  readonly notReady: () => string | null;
  /**
   * Not ready, sockets notified and closed, everything given back. Directory and bus are the
   * caller's to close.
   */
  readonly stop: () => Promise<void>;
};

/**
 * Starts a gateway; null when its port can't be had. Rejects when the directory or bus can't be
 * reached.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway | null> {
  const { directory, bus, log, config, registry, now = Date.now } = options;
  const metrics = new GatewayMetrics(registry, {
    connections: () => [...conversations.sessions()].length,
    conversations: () => conversations.size,
  });
  const holdings = new Holdings(directory, log);
  const waiting = new Waiting();
  const credentials = new Credentials(directory, now);
  const { relay, meters } = openMeters(options, metrics);
  const lease = new Lease({ directory, holdings, credentials, waiting, metrics, log });
  const server = options.openPort?.(metrics) ?? new Server(metrics);
  const deps: GatewayDeps = {
    directory,
    relay,
    replay: options.replay ?? null,
    turns: new Turns(),
    resync: (channel) => conversations.resync(channel),
    backpressureBytes: config.AMS_BACKPRESSURE_BYTES,
    sockets: server,
    holdings,
    credentials,
    meters,
    metrics,
    log,
    now,
    waiting,
    ...lease.asDeps(),
  };
  const conversations = new Conversations(deps, bus);
  const attachDeps = { deps, conversations, config, plainTerms: plainTermsOf(config) };
  const admitDeps = admitDepsOf(options, conversations);
  const memory = new Memory({ limitBytes: config.AMS_MEMORY_BYTES });
  const draining = new Draining(log, () =>
    drain(conversations, drainTermsOf(options), () => connector.isConnecting()),
  );
  const connector = new Connector({
    admitDeps,
    attachDeps,
    memory,
    log,
    isDraining: () => draining.isBegun,
    hosting: () => hosting,
  });

  const notReady = () => (draining.isBegun ? "draining" : firstNotReady([memory, lease, bus]));
  let hosting: Hosting | null = null;
  const health: Health = { now, instance: options.instance, notReady };
  await lease.begin(conversations);
  await listenToDeployment(
    bus,
    { ...deps, meters, conversations },
    {
      suspensions: () => hosting?.look(),
      // Where nobody takes the sockets over, they would come back to nothing.
      drain: (id) => {
        if (id === deps.gateway() && options.isTakenOver === true) draining.begin();
      },
    },
  );
  if (options.isHosted === true) {
    const own = { conversations, isDraining: () => draining.isBegun, notReady, now };
    hosting = await beginHosting({ ...deps, ...options, ...own });
  }
  const port = await openPort(server, options, { metrics, connector, health });
  if (port === null) {
    await Promise.all([hosting?.stop(), meters.end(), lease.end()]);
    return null;
  }
  const endShedding = beginShedding({ memory, conversations, now, log });
  const stop = async () => {
    await draining.run();
    server.stopListening();
    endShedding();
    await hosting?.stop();
    await holdings.settled();
    await meters.end();
    await lease.end();
    await server.close();
  };
  return { port, notReady, stop };
}

type PortParts = {
  readonly metrics: GatewayMetrics;
  readonly connector: Connector;
  readonly health: Health;
};

function openPort(
  server: GatewayPort,
  { at, config, log, http }: GatewayOptions,
  { metrics, connector, health }: PortParts,
): Promise<number | null> {
  return server.open(at, {
    metrics,
    backpressureBytes: config.AMS_BACKPRESSURE_BYTES,
    onConnect: (request, pending) => {
      const done = (outcome: JoinOutcome) => {
        metrics.joined(outcome);
        log.debug({ event: "connect", outcome }, "connect");
      };
      connector.connect(request, pending).then(done, () => done("internal_error"));
    },
    http: withHealth(health, http),
  });
}

/** What the first of these that isn't ready waits for. */
function firstNotReady(all: readonly { notReady(): string | null }[]): string | null {
  for (const each of all) {
    const reason = each.notReady();
    if (reason !== null) return reason;
  }
  return null;
}

/** What accounts use here, shared with the other gateways on the deployment's channel. */
function openMeters(options: GatewayOptions, metrics: GatewayMetrics) {
  const { directory, bus, log, now = Date.now } = options;
  const relay = new Relay(bus, metrics);
  const origin = Buffer.from(relay.origin).toString("hex");
  const meters = new Meters({
    directory,
    origin,
    now,
    // What is lost of it the others let pass.
    share(used) {
      const event = encodeEvent({ kind: "rates_used", from: origin, used });
      bus.publish(directory.channels.deployment, Buffer.from(event)).catch(() => undefined);
    },
    failed: (error) => log.debug({ event: "meters_failed", ...describeError(error) }, "meters"),
  });
  meters.begin();
  return { relay, meters };
}

type DeploymentParts = Pick<GatewayDeps, "credentials" | "directory" | "log" | "metrics"> & {
  readonly meters: Meters;
  readonly conversations: Conversations;
};

/** What operators ask of it. */
type Asked = {
  readonly suspensions: () => void;
  readonly drain: (gateway: GatewayId) => void;
};

/**
 * What ends on every gateway at once. When the channel was lost, what was announced meanwhile is
 * looked up.
 */
async function listenToDeployment(bus: Bus, deps: DeploymentParts, asked: Asked): Promise<void> {
  const { credentials, directory, log, metrics, meters } = deps;
  const { deployment } = directory.channels;
  const check = new OneAtATime(
    async () => {
      await credentials.checkAll();
      await meters.changedAll();
    },
    // The lease's rounds look at all of them too, one after the other.
    (error) => log.warn({ event: "check_failed", ...describeError(error) }, "check failed"),
  );
  const changedAll = new OneAtATime(
    () => meters.changedAll(),
    (error) => log.warn({ event: "limits_unread", ...describeError(error) }, "limits unread"),
  );
  bus.onUp((channels) => {
    if (channels.includes(deployment)) check.run();
  });
  await bus.subscribe(deployment, (payload) => {
    const event = decodeDeploymentEvent(payload);
    if (event === null) {
      metrics.unread("deployment");
      return;
    }
    switch (event.kind) {
      case "account_deleted":
        credentials.endAccount(event.account_id);
        return;
      case "credentials_end":
        credentials.end(event.account_id, event.ends);
        return;
      case "limits_changed":
        meters.changed(event.account_id);
        return;
      case "plans_changed":
        changedAll.run();
        return;
      case "rates_used":
        meters.heard(event.from, event.used);
        return;
      case "notice":
        showNotice(event, deps.conversations.sessions());
        return;
      case "suspensions":
        asked.suspensions();
        return;
      case "drain":
        asked.drain(event.gateway);
        return;
      default:
        event satisfies never;
    }
  });
}

function admitDepsOf(options: GatewayOptions, conversations: Conversations): AdmitDeps {
  const { directory, peppers, config, replay, log, issuer = null, now = Date.now } = options;
  const onRefused = (reason: string) => log.info({ event: "token_refused", reason }, "refused");
  return {
    directory,
    identity: createIdentity({ directory, peppers, issuer, now, onRefused }),
    remembered: (address) => conversations.admissionTo(address),
    peppers,
    guests: config.AMS_GUESTS,
    replay: replay !== undefined,
    now,
  };
}

function drainTermsOf({ config, isTakenOver = false }: GatewayOptions): DrainTerms {
  return { drainMs: config.AMS_DRAIN_MS, spreadMs: config.AMS_DRAIN_SPREAD_MS, isTakenOver };
}

/** Every stream but its own, no receipts. */
function plainTermsOf(config: GatewayConfig): SessionTerms {
  return {
    subscription: { streams: null, self: null },
    receipts: false,
    isReadOnly: false,
    rates: {
      frames: { perSecond: config.AMS_FRAMES_PER_SECOND, burst: config.AMS_FRAMES_BURST },
      bytes: { perSecond: config.AMS_BYTES_PER_SECOND, burst: config.AMS_BYTES_BURST },
    },
  };
}

/** `/healthz` on the public port too (§2.9); the rest is the handler's, or nothing. */
function withHealth(health: Health, http: HttpHandler | undefined): HttpHandler {
  return (request, peer) => {
    if (new URL(request.url).pathname === "/healthz")
      return Promise.resolve(answer(request, health));
    return http?.(request, peer) ?? Promise.resolve(problem("not_found"));
  };
}

function answer({ method }: Request, health: Health): Response {
  if (method === "GET" || method === "HEAD") return Response.json(healthBody(health));
  return problem("method_not_allowed", { allow: "GET, HEAD" });
}

function problem(code: ProblemCode, headers: Readonly<Record<string, string>> = {}): Response {
  const { status, message } = PROBLEMS[code];
  return Response.json({ error: code, message }, { status, headers });
}
