/**
 * The public port. Connects become doors and sockets here, in terms of `sockets.ts`; every other request is handed on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  CLOSE,
  type CloseReason,
  CONNECT_PARAMETERS,
  FRAME_BYTES_MAX,
  PROBLEMS,
  SUBPROTOCOL,
} from "@ams/protocol";
import type { ConnectRequest } from "./admit.ts";
import { Backpressure, type SlowSocket } from "./backpressure.ts";
import { bridge, type HttpHandler, respondJson } from "./http-bridge.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Door, Socket, SocketOwner, Sockets } from "./sockets.ts";
import {
  createUwsApp,
  listen,
  stopListening,
  type UwsApp,
  type UwsContext,
  type UwsListenSocket,
  type UwsRequest,
  type UwsResponse,
  type UwsWebSocket,
} from "./uws.ts";

/** Seconds without a sign of life after which a peer has left (§5.8); the library pings it before that. */
const IDLE_TIMEOUT_S = 120;

/** Milliseconds that a closing port waits for its last sockets to take their close, and between two looks. */
const CLOSE_WAIT_MS = 1_000;
const CLOSE_POLL_MS = 10;

const CONNECT_PATH = "/:namespace/conversations/:alias/connect";

type SocketData = {
  readonly owner: SocketOwner | null;
  readonly refusal: CloseReason | null;
  socket: OpenSocket | null;
};

export type ServerParts = {
  readonly metrics: GatewayMetrics;
  readonly backpressureBytes: number;
  /** Called for each connect; answers through the door, now or later. */
  readonly onConnect: (request: ConnectRequest, door: Door) => void;
  /** Answers every request that is no connect. */
  readonly http: HttpHandler;
};

export class Server implements Sockets {
  readonly #app: UwsApp = createUwsApp();
  readonly #metrics: GatewayMetrics;
  #listening: UwsListenSocket | null = null;
  /** Sockets whose connection still stands. */
  #connected = 0;

  constructor(metrics: GatewayMetrics) {
    this.#metrics = metrics;
  }

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    this.#app.publish(topic, frame, false);
    this.#metrics.sent(frame.length, count);
  }

  /** Opens the port; null when it can't be had. */
  async open(at: { host: string; port: number }, parts: ServerParts): Promise<number | null> {
    this.#route(parts);
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

  #route(parts: ServerParts): void {
    const backpressure = new Backpressure(parts.backpressureBytes, this.#metrics);
    this.#app.ws<SocketData>(CONNECT_PATH, {
      maxPayloadLength: FRAME_BYTES_MAX,
      maxBackpressure: parts.backpressureBytes,
      idleTimeout: IDLE_TIMEOUT_S,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => {
        parts.onConnect(readConnect(request), new UpgradeDoor(response, request, context));
      },
      open: (ws) => {
        const data = ws.getUserData();
        this.#connected += 1;
        if (data.refusal !== null) ws.end(CLOSE[data.refusal].code, data.refusal);
        if (data.owner === null) return;
        data.socket = new OpenSocket(ws, data.owner, this.#metrics);
        data.owner.opened(data.socket);
      },
      message: (ws, frame, isBinary) => ws.getUserData().owner?.received(frame, isBinary),
      dropped: (ws) => {
        const { socket } = ws.getUserData();
        if (socket !== null) backpressure.dropped(socket);
      },
      drain: (ws) => {
        const { socket } = ws.getUserData();
        if (socket !== null) backpressure.drained(socket);
      },
      close: (ws) => {
        this.#connected -= 1;
        const { socket } = ws.getUserData();
        if (socket === null) return;
        backpressure.closed(socket);
        socket.closed();
      },
    });
    this.#app.get(CONNECT_PATH, (response) => {
      respondJson(response, PROBLEMS.upgrade_required.status, {
        error: "upgrade_required",
        message: PROBLEMS.upgrade_required.message,
      });
    });
    this.#app.any("/*", (response, request) => bridge(response, request, parts.http));
  }
}

/** A joined socket. Once it is closed it answers nothing and does nothing. */
class OpenSocket implements Socket, SlowSocket {
  #ws: UwsWebSocket<SocketData> | null;
  readonly #owner: SocketOwner;
  readonly #metrics: GatewayMetrics;

  constructor(ws: UwsWebSocket<SocketData>, owner: SocketOwner, metrics: GatewayMetrics) {
    this.#ws = ws;
    this.#owner = owner;
    this.#metrics = metrics;
  }

  send(frame: string): void {
    if (this.#ws === null) return;
    this.#ws.send(frame, false);
    this.#metrics.sent(frame.length, 1);
  }

  publish(topic: string, frame: Uint8Array | string, count: number): void {
    if (this.#ws === null) return;
    this.#ws.publish(topic, frame, false);
    this.#metrics.sent(frame.length, count);
  }

  subscribe(topic: string): void {
    this.#ws?.subscribe(topic);
  }

  end(reason: CloseReason): void;
  end(code: number, reason: string): void;
  end(code: number | CloseReason, reason?: string): void {
    if (typeof code === "number") this.#ws?.end(code, reason ?? "");
    else {
      this.#metrics.closed(code);
      this.#ws?.end(CLOSE[code].code, code);
    }
  }

  buffered(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  giveUp(): void {
    for (const topic of this.#ws?.getTopics() ?? []) this.#ws?.unsubscribe(topic);
    this.#owner.gone();
  }

  cut(): void {
    this.#ws?.close();
  }

  /** The library's last word on this socket. */
  closed(): void {
    this.#ws = null;
    this.#owner.gone();
  }
}

/** An upgrade that waits for its answer. */
class UpgradeDoor implements Door {
  readonly #response: UwsResponse;
  readonly #context: UwsContext;
  readonly #key: string;
  readonly #extensions = "";
  readonly #protocol: string;
  #gone = false;

  constructor(response: UwsResponse, request: UwsRequest, context: UwsContext) {
    this.#response = response;
    this.#context = context;
    this.#key = request.getHeader("sec-websocket-key");
    const offered = readSubprotocols(request);
    this.#protocol = offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : "";
    response.onAborted(() => {
      this.#gone = true;
    });
  }

  get gone(): boolean {
    return this.#gone;
  }

  accept(owner: SocketOwner): boolean {
    return this.#upgrade({ owner, refusal: null, socket: null });
  }

  refuse(reason: CloseReason): void {
    this.#upgrade({ owner: null, refusal: reason, socket: null });
  }

  #upgrade(data: SocketData): boolean {
    if (this.#gone) return false;
    this.#gone = true;
    this.#response.cork(() => {
      this.#response.upgrade(data, this.#key, this.#protocol, this.#extensions, this.#context);
    });
    return true;
  }
}

function readConnect(request: UwsRequest): ConnectRequest {
  const names = Object.values(CONNECT_PARAMETERS).map(({ header }) => header);
  return {
    namespace: request.getParameter(0) ?? "",
    alias: request.getParameter(1) ?? "",
    query: new URLSearchParams(request.getQuery()),
    authorization: request.getHeader("authorization"),
    subprotocols: readSubprotocols(request),
    headers: new Map(names.map((name) => [name, request.getHeader(name)])),
  };
}

function readSubprotocols(request: UwsRequest): readonly string[] {
  const offered = request.getHeader("sec-websocket-protocol");
  return offered === "" ? [] : offered.split(",").map((name) => name.trim());
}
