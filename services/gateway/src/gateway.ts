/** One gateway, put together: the only file that knows every module of it. */
import {
  type Directory,
  DirectoryUnavailable,
  decodeDeploymentEvent,
  type Peppers,
} from "@ams/directory";
import { createIdentity, type IdentityOptions } from "@ams/identity";
import type { ReplayLog } from "@ams/log";
import { describeError, type Health, type HostNames, healthBody, type Log } from "@ams/process";
import { type CloseReason, PROBLEMS, type ProblemCode } from "@ams/protocol";
import type { Registry } from "prom-client";
import { type AdmitDeps, admit, type ConnectRequest } from "./accept/admit.ts";
import { attach } from "./accept/attach.ts";
import { Credentials } from "./accept/credentials.ts";
import type { HttpHandler } from "./accept/http-bridge.ts";
import { type GatewayPort, Server } from "./accept/server.ts";
import type { PendingConnect } from "./accept/sockets.ts";
import type { Bus } from "./bus/bus.ts";
import { Relay } from "./bus/relay.ts";
import type { GatewayConfig } from "./config.ts";
import { Conversations } from "./conversation/conversations.ts";
import type { SessionTerms } from "./conversation/session.ts";
import { Waiting } from "./conversation/waiting.ts";
import type { GatewayDeps } from "./deps.ts";
import { type DrainTerms, drain } from "./lifecycle/drain.ts";
import { Holdings } from "./lifecycle/holdings.ts";
import { Lease } from "./lifecycle/lease.ts";
import { Memory } from "./lifecycle/memory.ts";
import { OneAtATime } from "./lifecycle/one-at-a-time.ts";
import { beginShedding } from "./lifecycle/shedding.ts";
import { GatewayMetrics, type JoinOutcome } from "./metrics.ts";
import { Turns } from "./replay/turns.ts";

/**
 * Connects that may wait for their answer at a time; one more is refused and comes back. Each holds
 * a descriptor, a few KB, and a share of what `early.ts` allows them all.
 */
const PENDING_CONNECTS_MAX = 20_000;

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
  const lease = new Lease({ directory, holdings, credentials, waiting, metrics, log });
  const server = options.openPort?.(metrics) ?? new Server(metrics);
  const deps: GatewayDeps = {
    directory,
    relay: new Relay(bus, metrics),
    replay: options.replay ?? null,
    turns: new Turns(),
    resync: (channel) => conversations.resync(channel),
    backpressureBytes: config.AMS_BACKPRESSURE_BYTES,
    sockets: server,
    holdings,
    credentials,
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
  let draining = false;
  let open = 0;

  const connect = async (request: ConnectRequest, pending: PendingConnect) => {
    if (open >= PENDING_CONNECTS_MAX || memory.isFull()) return refuse(pending, "internal_error");
    open += 1;
    try {
      const admitted = await admit(request, admitDeps);
      if (!admitted.ok) return refuse(pending, admitted.fault);
      if (draining) return refuse(pending, "draining");
      return await attach(admitted.value, pending, attachDeps);
    } catch (error) {
      if (!(error instanceof DirectoryUnavailable)) {
        log.error({ event: "connect_failed", ...describeError(error) }, "connect failed");
      }
      return refuse(pending, "internal_error");
    } finally {
      open -= 1;
    }
  };

  const notReady = () => (draining ? "draining" : firstNotReady([memory, lease, bus]));
  const health: Health = { now, instance: options.instance, notReady };
  await lease.begin(conversations);
  await listenToDeployment(bus, deps);
  const port = await server.open(options.at, {
    metrics,
    backpressureBytes: config.AMS_BACKPRESSURE_BYTES,
    onConnect: (request, pending) => {
      const done = (outcome: JoinOutcome) => {
        metrics.joined(outcome);
        log.debug({ event: "connect", outcome }, "connect");
      };
      connect(request, pending).then(done, () => done("internal_error"));
    },
    http: withHealth(health, options.http),
  });
  if (port === null) {
    await lease.end();
    return null;
  }
  const endShedding = beginShedding({ memory, conversations, now, log });
  const stop = async () => {
    draining = true;
    await drain(conversations, drainTermsOf(options), () => open > 0);
    server.stopListening();
    endShedding();
    await holdings.settled();
    await lease.end();
    await server.close();
  };
  return { port, notReady, stop };
}

/** What the first of these that isn't ready waits for. */
function firstNotReady(all: readonly { notReady(): string | null }[]): string | null {
  for (const each of all) {
    const reason = each.notReady();
    if (reason !== null) return reason;
  }
  return null;
}

/**
 * What ends on every gateway at once. When the channel was lost, what was announced meanwhile is
 * looked up.
 */
async function listenToDeployment(bus: Bus, deps: GatewayDeps): Promise<void> {
  const { credentials, directory, log, metrics } = deps;
  const { deployment } = directory.channels;
  const check = new OneAtATime(
    () => credentials.checkAll(),
    // The lease's rounds look at all of them too, one after the other.
    (error) => log.warn({ event: "check_failed", ...describeError(error) }, "check failed"),
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
      case "plans_changed":
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

function refuse(pending: PendingConnect, reason: CloseReason): CloseReason {
  pending.refuse(reason);
  return reason;
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
