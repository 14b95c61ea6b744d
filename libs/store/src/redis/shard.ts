/**
 * A connection that subscribes to the sharded channels of one node of a Redis Cluster, until it
 * ends; it never comes back.
 *
 * Redis ends a shard subscription by itself when the node loses the slot (failover, migration): it
 * sends `sunsubscribe` and keeps the connection. ioredis takes that for the answer of a command
 * that it has sent, so this connection reads the protocol itself and goes by the channel names in
 * the answers.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { encodeCommand, type Reply, RespFault, RespReader } from "./resp.ts";

/** Milliseconds that connecting, or the answer to a command, may take. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Milliseconds of silence after which the kernel asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000;

export type ShardOptions = {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: ConnectionOptions | null;
};

export type ShardEvents = {
  readonly payload: (shard: Shard, channel: string, payload: Buffer) => void;
  readonly subscribed: (shard: Shard, channel: string) => void;
  /** Also in answer to `unsubscribe`. */
  readonly unsubscribed: (shard: Shard, channel: string) => void;
  /** The connection has ended, and all of its subscriptions. Called once. */
  readonly ended: (shard: Shard) => void;
};

export type Subscribed =
  | { readonly kind: "subscribed" }
  /** Another node has the slot: `host:port`, null when the node doesn't say where. */
  | { readonly kind: "moved"; readonly to: string | null }
  | { readonly kind: "failed"; readonly reason: string };

type Pending = {
  /** Answers that are still to come. */
  answers: number;
  readonly settle: (outcome: Subscribed) => void;
  readonly timer: NodeJS.Timeout;
};

export class Shard {
  readonly node: string;
  readonly #host: string;
  readonly #events: ShardEvents;
  readonly #socket: Socket;
  /** Commands without a complete answer, in order. */
  readonly #pending: Pending[] = [];
  #ended = false;

  constructor(options: ShardOptions, events: ShardEvents) {
    const { host, port, tls, username, password } = options;
    this.node = `${host}:${port}`;
    this.#host = host;
    this.#events = events;
    const at = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.#socket =
      tls === null
        ? connectTcp(at)
        : connectTls({ ...at, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
    const reader = new RespReader((reply) => this.#take(reply));
    this.#socket.on("data", (chunk: Buffer) => {
      try {
        if (!this.#ended) reader.push(chunk);
      } catch (error) {
        this.end();
        if (!(error instanceof RespFault)) throw error;
      }
    });
    this.#socket.on("error", () => this.end());
    this.#socket.on("close", () => this.end());
    if (password !== null) this.#login(username === null ? [password] : [username, password]);
    this.#command(["CLIENT", "SETNAME", "ams-subscriber"], 1, () => undefined);
  }

  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /** Channels of one slot. */
  subscribe(channels: readonly string[]): Promise<Subscribed> {
    return new Promise((resolve) => {
      this.#command(["SSUBSCRIBE", ...channels], channels.length, resolve);
    });
  }

  unsubscribe(channel: string): void {
    if (!this.#ended) this.#socket.write(encodeCommand(["SUNSUBSCRIBE", channel]));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    for (const { settle, timer } of this.#pending.splice(0)) {
      clearTimeout(timer);
      settle({ kind: "failed", reason: "the connection has ended" });
    }
    this.#events.ended(this);
  }

  #login(login: readonly string[]): void {
    this.#command(["AUTH", ...login], 1, ({ kind }) => {
      if (kind === "failed") this.end();
    });
  }

  #command(parts: readonly string[], answers: number, settle: (outcome: Subscribed) => void): void {
    if (this.#ended) {
      settle({ kind: "failed", reason: "the connection has ended" });
      return;
    }
    const timer = setTimeout(() => this.end(), ANSWER_TIMEOUT_MS);
    this.#pending.push({ answers, settle, timer });
    this.#socket.write(encodeCommand(parts));
  }

  #take(reply: Reply): void {
    if (typeof reply === "string") this.#answered({ kind: "subscribed" });
    if (reply === null || typeof reply !== "object" || Buffer.isBuffer(reply)) return;
    if ("error" in reply) {
      this.#answered(this.#faultOf(reply.error));
      return;
    }
    const [kind, name, payload] = reply;
    if (!Buffer.isBuffer(kind) || !Buffer.isBuffer(name)) return;
    const channel = name.toString("latin1");
    switch (kind.toString("latin1")) {
      case "smessage":
        if (Buffer.isBuffer(payload)) this.#events.payload(this, channel, payload);
        return;
      case "ssubscribe":
        this.#events.subscribed(this, channel);
        this.#answered({ kind: "subscribed" });
        return;
      case "sunsubscribe":
        this.#events.unsubscribed(this, channel);
        return;
      default:
    }
  }

  /** One answer to the oldest command; an error answers all of it. */
  #answered(outcome: Subscribed): void {
    const [pending] = this.#pending;
    if (pending === undefined) return;
    pending.answers -= 1;
    if (outcome.kind === "subscribed" && pending.answers > 0) return;
    this.#pending.shift();
    clearTimeout(pending.timer);
    pending.settle(outcome);
  }

  /** `MOVED 3999 127.0.0.1:6381`; without a host it is the one that answers. */
  #faultOf(error: string): Subscribed {
    const [code, , at = ""] = error.split(" ");
    if (code !== "MOVED") return { kind: "failed", reason: code ?? "" };
    if (at.startsWith(":")) return { kind: "moved", to: `${this.#host}${at}` };
    return { kind: "moved", to: at.includes(":") ? at : null };
  }
}
