/**
 * The public port. Connects become pending connects and sockets here, in terms of `sockets.ts`;
 * every other request is handed on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type HostNames, type HostRule, hostRuleOf } from "@ams/process";
import { CONNECT_PARAMETERS, FRAME_BYTES_MAX, SUBPROTOCOL } from "@ams/protocol";
import { HeldSockets } from "../conversation/held-frames.ts";
import { Backpressure } from "../lifecycle/backpressure.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { ConnectRequest } from "./admit.ts";
import { EarlyBudget, EarlyFrames } from "./early.ts";
import { checked, hostOf, refuseAmbiguous } from "./head.ts";
import { bridge, type HttpHandler, respondProblem } from "./http-bridge.ts";
import { OpenSocket } from "./open-socket.ts";
import type { PendingConnect, Sockets } from "./sockets.ts";
import {
  createUwsApp,
  listen,
  stopListening,
  type UwsApp,
  type UwsListenSocket,
  type UwsRequest,
  type UwsResponse,
} from "./uws.ts";

/**
 * Seconds without a sign of life after which a peer has left (§5.8); the library pings it before
 * that.
 */
const IDLE_TIMEOUT_S = 120;

/**
 * Milliseconds that a closing port waits for its last sockets to take their close, and between two
 * looks.
 */
const CLOSE_WAIT_MS = 1_000;
const CLOSE_POLL_MS = 10;

/** The one version of the WebSocket protocol, and a key: 16 bytes in base64. */
const WEBSOCKET_VERSION = "13";
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

const CONNECT_PATH = "/:namespace/conversations/:alias/connect";

/**
 * What the library keeps for a socket: until it is opened its connect, which holds secrets, then
 * itself.
 */
type SocketData = { request: ConnectRequest | null; socket: OpenSocket<SocketData> | null };

export type ServerDeps = {
  readonly metrics: GatewayMetrics;
  readonly backpressureBytes: number;
  /** Called for each connect; answers through `pending`, now or later. */
  readonly onConnect: (request: ConnectRequest, pending: PendingConnect) => void;
  /** Answers every request that is no connect. */
  readonly http: HttpHandler;
};

/** The public port as the gateway uses it. */
export interface GatewayPort extends Sockets {
  /** Opens the port; null when it can't be had. */
  open(at: { host: string; port: number }, deps: ServerDeps): Promise<number | null>;
  /** Takes no more connections. */
  stopListening(): void;
  close(): Promise<void>;
}

export class Server implements GatewayPort {
  readonly #app: UwsApp = createUwsApp();
  readonly #metrics: GatewayMetrics;
  readonly #held = new HeldSockets();
  #listening: UwsListenSocket | null = null;
  /** Sockets whose connection is still open. */
  #connected = 0;

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    this.#app.publish(topic, frame, false);
    this.#held.published(topic, frame, null);
    this.#metrics.sent(frame.length, count);
  }

  /** Opens the port; null when it can't be had. */
  async open(
    at: { host: string; port: number; names: HostNames },
    deps: ServerDeps,
  ): Promise<number | null> {
    this.#route(deps, hostRuleOf(at.host, at.names));
    const listening = await listen(this.#app, at);
    if (listening === null) return null;
    this.#listening = listening.socket;
    return listening.port;
  }

  /** Takes no more connections. */
  stopListening(): void {
    if (this.#listening !== null) stopListening(this.#listening);
    this.#listening = null;
  }

  /** Ends the port: what was said to sockets goes out first, and whatever is left then is cut. */
  async close(): Promise<void> {
    this.stopListening();
    const until = performance.now() + CLOSE_WAIT_MS;
    while (this.#connected > 0 && performance.now() < until) await sleep(CLOSE_POLL_MS);
    this.#app.close();
  }

  #route(deps: ServerDeps, acceptsHost: HostRule): void {
    const backpressure = new Backpressure(deps.backpressureBytes, this.#metrics);
    const early = new EarlyBudget();
    const socketDeps = {
      metrics: this.#metrics,
      backpressure,
      held: this.#held,
      limitBytes: deps.backpressureBytes,
    };
    this.#app.ws<SocketData>(CONNECT_PATH, {
      maxPayloadLength: FRAME_BYTES_MAX,
      maxBackpressure: deps.backpressureBytes,
      closeOnBackpressureLimit: false,
      idleTimeout: IDLE_TIMEOUT_S,
      maxLifetime: 0,
      compression: 0,
      sendPingsAutomatically: true,
      // Upgraded in the handler itself: an upgrade that is corked later may be cut by the library
      // (ADR 7).
      upgrade: (response, request, context) => {
        if (refuseAmbiguous(response, request)) return;
        if (!isHandshake(request)) {
          respondUpgradeRequired(response);
          return;
        }
        const protocols = readSubprotocols(request);
        response.upgrade<SocketData>(
          { request: readConnect(request, protocols, acceptsHost), socket: null },
          request.getHeader("sec-websocket-key"),
          protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : "",
          "",
          context,
        );
      },
      open: (ws) => {
        const data = ws.getUserData();
        this.#connected += 1;
        const { request } = data;
        data.request = null;
        data.socket = new OpenSocket(ws, new EarlyFrames(early), socketDeps);
        if (request !== null) deps.onConnect(request, data.socket);
      },
      message: (ws, frame, isBinary) => ws.getUserData().socket?.received(frame, isBinary),
      dropped: (ws) => {
        const { socket } = ws.getUserData();
        if (socket !== null) backpressure.dropped(socket);
      },
      drain: (ws) => {
        const { socket } = ws.getUserData();
        if (socket === null) return;
        // Not in the handler itself: what is sent or closed there may be left unsent by the
        // library.
        setImmediate(() => socket.drained());
      },
      close: (ws) => {
        const { socket } = ws.getUserData();
        this.#connected -= 1;
        socket?.closed();
      },
    });
    this.#app.get(CONNECT_PATH, checked(acceptsHost, respondUpgradeRequired));
    this.#app.any(CONNECT_PATH, checked(acceptsHost, respondNotGet));
    const answer = (response: UwsResponse, request: UwsRequest) =>
      bridge(response, request, deps.http);
    this.#app.any("/*", checked(acceptsHost, answer));
  }
}

/** What RFC 6455 asks of an upgrade; of the key the library has seen the length only. */
function isHandshake(request: UwsRequest): boolean {
  return (
    request.getHeader("upgrade").toLowerCase() === "websocket" &&
    listOf(request.getHeader("connection").toLowerCase()).includes("upgrade") &&
    request.getHeader("sec-websocket-version") === WEBSOCKET_VERSION &&
    WEBSOCKET_KEY.test(request.getHeader("sec-websocket-key"))
  );
}

function respondUpgradeRequired(response: UwsResponse): void {
  respondProblem(response, "upgrade_required", {
    upgrade: "websocket",
    "sec-websocket-version": WEBSOCKET_VERSION,
  });
}

function respondNotGet(response: UwsResponse): void {
  respondProblem(response, "method_not_allowed", { allow: "GET" });
}

function readConnect(
  request: UwsRequest,
  subprotocols: readonly string[],
  acceptsHost: HostRule,
): ConnectRequest {
  const names = Object.values(CONNECT_PARAMETERS).map(({ header }) => header);
  return {
    isHostAccepted: acceptsHost(hostOf(request)),
    namespace: request.getParameter(0) ?? "",
    alias: request.getParameter(1) ?? "",
    query: new URLSearchParams(request.getQuery()),
    authorization: request.getHeader("authorization"),
    subprotocols,
    headers: new Map(names.map((name) => [name, request.getHeader(name)])),
  };
}

function readSubprotocols(request: UwsRequest): readonly string[] {
  return listOf(request.getHeader("sec-websocket-protocol"));
}

function listOf(header: string): readonly string[] {
  return header === "" ? [] : header.split(",").map((item) => item.trim());
}
