/** A gateway's public port with simulated sockets: what server.ts does with the server library. */
import { CLOSE, type CloseReason } from "@ams/protocol";
import type { ConnectRequest } from "../accept/admit.ts";
import { EarlyBudget, EarlyFrames } from "../accept/early.ts";
import type { GatewayPort, ServerDeps } from "../accept/server.ts";
import type { PendingConnect, Socket, SocketOwner } from "../accept/sockets.ts";
import { Session } from "../conversation/session.ts";
import type { Connection, HeardFrame } from "./connection.ts";

export type Close = { readonly code: number; readonly reason: CloseReason | "" };

/** What a planted fault may change: each is asked whether it strikes now. */
export type PortFaults = {
  /** The emitter hears it too. */
  readonly echo?: () => boolean;
  /** A `stream_left` is not delivered. */
  readonly ghost?: () => boolean;
  /** A frame reaches every conversation. */
  readonly cross?: () => boolean;
  /** A frame is delivered twice. */
  readonly double?: () => boolean;
  /** A frame is delivered after the next one of its topic. */
  readonly swap?: () => boolean;
};

export class SimulatedPort implements GatewayPort {
  readonly sockets = new Set<SimulatedSocket>();
  readonly #topics = new Map<string, Set<SimulatedSocket>>();
  readonly #early = new EarlyBudget();
  readonly #late = new Map<string, HeardFrame>();
  readonly faults: PortFaults;
  #deps: ServerDeps | null = null;

  constructor(faults: PortFaults) {
    this.faults = faults;
  }

  get isOpen(): boolean {
    return this.#deps !== null;
  }

  open(_: unknown, deps: ServerDeps): Promise<number> {
    this.#deps = deps;
    return Promise.resolve(1);
  }

  stopListening(): void {
    this.#deps = null;
  }

  close(): Promise<void> {
    this.#deps = null;
    for (const socket of [...this.sockets]) socket.closed(null);
    return Promise.resolve();
  }

  /** A connect has arrived. False when nobody listens. */
  connect(request: ConnectRequest, connection: Connection): boolean {
    if (this.#deps === null) return false;
    const socket = new SimulatedSocket(this, connection, new EarlyFrames(this.#early));
    connection.socket = socket;
    this.sockets.add(socket);
    this.#deps.onConnect(request, socket);
    return true;
  }

  publish(topic: string, frame: Uint8Array | string): void {
    this.publishFrom(null, topic, frame);
  }

  publishFrom(from: SimulatedSocket | null, topic: string, frame: Uint8Array | string): void {
    const subscribers = this.#topics.get(topic);
    if (subscribers === undefined || subscribers.size === 0) return;
    const parsed = parse(typeof frame === "string" ? frame : Buffer.from(frame).toString());
    if (parsed.type === "stream_left" && this.faults.ghost?.() === true) return;
    const excluded = this.faults.echo?.() === true ? null : from;
    const frames = this.#tampered(topic, parsed);
    const crosses = parsed.type === "token" && this.faults.cross?.() === true;
    for (const socket of crosses ? this.sockets : subscribers) {
      if (socket === excluded) continue;
      for (const one of frames) socket.connection.heard(one);
    }
  }

  #tampered(topic: string, frame: HeardFrame): readonly HeardFrame[] {
    if (this.faults.double?.() === true) return [frame, frame];
    const late = this.#late.get(topic);
    this.#late.delete(topic);
    if (late !== undefined) return [frame, late];
    if (frame.type !== "token" || this.faults.swap?.() !== true) return [frame];
    this.#late.set(topic, frame);
    return [];
  }

  subscribe(topic: string, socket: SimulatedSocket): void {
    const subscribers = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, subscribers.add(socket));
  }

  leave(socket: SimulatedSocket): void {
    this.sockets.delete(socket);
    for (const topic of socket.topics) this.#topics.get(topic)?.delete(socket);
  }
}

export class SimulatedSocket implements PendingConnect, Socket {
  readonly topics = new Set<string>();
  readonly connection: Connection;
  readonly #port: SimulatedPort;
  readonly #early: EarlyFrames;
  owner: SocketOwner | null = null;
  gone = false;

  constructor(port: SimulatedPort, connection: Connection, early: EarlyFrames) {
    this.#port = port;
    this.connection = connection;
    this.#early = early;
  }

  /** The session that has it, null before it is welcomed. */
  get session(): Session | null {
    return this.owner instanceof Session ? this.owner : null;
  }

  accept(owner: SocketOwner): boolean {
    if (this.gone) return false;
    const early = this.#early.release();
    this.owner = owner;
    owner.opened(this);
    this.#noteEmitted();
    for (const { frame, isBinary } of early) owner.received(frame, isBinary);
    this.#noteEmitted();
    return true;
  }

  received(frame: ArrayBuffer): void {
    if (this.gone) return;
    if (this.owner === null) {
      if (!this.#early.keep(frame, false)) this.refuse("rate_limited");
      return;
    }
    this.owner.received(frame, false);
    this.#noteEmitted();
  }

  send(frame: string): void {
    if (!this.gone) this.connection.heard(parse(frame));
  }

  sendAll(frames: readonly (Uint8Array | string)[]): void {
    for (const frame of frames)
      this.send(typeof frame === "string" ? frame : Buffer.from(frame).toString());
  }

  buffered(): number {
    return 0;
  }

  publish(topic: string, frame: Uint8Array | string): void {
    if (!this.gone) this.#port.publishFrom(this, topic, frame);
  }

  subscribe(topic: string): void {
    if (this.gone) return;
    this.topics.add(topic);
    this.#port.subscribe(topic, this);
  }

  end(reason: CloseReason): void {
    this.closed({ code: CLOSE[reason].code, reason });
  }

  refuse(reason: CloseReason): void {
    this.end(reason);
  }

  /** Its end: closed by the gateway with a reason, or gone. */
  closed(close: Close | null): void {
    if (this.gone) return;
    this.gone = true;
    this.#port.leave(this);
    this.#early.release();
    this.connection.closedByGateway(close ?? { code: 1006, reason: "" });
    this.owner?.gone();
  }

  #noteEmitted(): void {
    const stream = this.session?.stream;
    if (stream !== undefined) this.connection.emitted(stream.entry.epoch, stream.lastN ?? 0);
  }
}

function parse(text: string): HeardFrame {
  return JSON.parse(text);
}
