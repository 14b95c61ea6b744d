/**
 * A gateway's connection to the simulated store, as ioredis behaves with this project's options:
 * commands fail at once while it is away, time out after two seconds though they may be done later,
 * are never sent twice, and it comes back by itself.
 */
import type { RedisConnection } from "@ams/store";
import { Lane } from "./lane.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { StoreServer, Subscriber } from "./store-server.ts";

/**
 * Milliseconds after which a command without an answer is given up (libs/store,
 * redis/connect.ts).
 */
const COMMAND_TIMEOUT_MS = 2_000;

/** Milliseconds between attempts to connect. */
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2_000;

type Waiting = {
  readonly deadlineMs: number;
  settled: boolean;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
};

type Listener = (...args: readonly never[]) => void;

export class StoreConnection {
  status: "ready" | "close" | "end" = "close";
  readonly name: string;
  readonly #gateway: number;
  readonly #scheduler: Scheduler;
  readonly #server: StoreServer;
  readonly #process: Process;
  readonly #listeners = new Map<string, Listener[]>();
  #made = 0;
  #attempts = 0;
  /** A connect is under way. */
  #connecting = false;
  #toStore: Lane;
  #toGateway: Lane;
  #subscriber: Subscriber | null = null;
  #waiting: Waiting[] = [];
  #watched = false;

  constructor(name: string, gateway: number, { scheduler, server, process }: ConnectionDeps) {
    this.name = name;
    this.#gateway = gateway;
    this.#scheduler = scheduler;
    this.#server = server;
    this.#process = process;
    this.#toStore = new Lane(scheduler, server.process, `${name} out`);
    this.#toGateway = new Lane(scheduler, process, `${name} in`);
    this.#connect();
  }

  on(event: string, listener: Listener): this {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...listeners, listener]);
    return this;
  }

  publish(channel: string, payload: Buffer): Promise<unknown> {
    return this.command(() => this.#server.publish(channel, payload));
  }

  subscribe(...channels: readonly string[]): Promise<unknown> {
    return this.command(() => {
      const subscriber = this.#subscriber;
      if (subscriber === null) return 0;
      for (const channel of channels) this.#server.subscribe(channel, subscriber);
      return channels.length;
    });
  }

  unsubscribe(...channels: readonly string[]): Promise<unknown> {
    return this.command(() => {
      const subscriber = this.#subscriber;
      if (subscriber === null) return 0;
      for (const channel of channels) this.#server.unsubscribe(channel, subscriber);
      return channels.length;
    });
  }

  ping(): Promise<unknown> {
    return this.command(() => "PONG");
  }

  /** With `reconnect` it is made again. */
  disconnect(reconnect = false): void {
    if (this.#subscriber !== null) this.#server.drop(this.#subscriber);
    this.#subscriber = null;
    this.#lose(reconnect ? "close" : "end");
  }

  /** Sends a command, which the server does when it arrives. */
  command<Reply>(run: () => Reply | Promise<Reply>): Promise<Reply> {
    if (this.status !== "ready") return Promise.reject(new Error("not connected"));
    const toGateway = this.#toGateway;
    const made = this.#made;
    return new Promise<Reply>((resolve, reject) => {
      const waiting: Waiting = {
        deadlineMs: this.#scheduler.nowMs + COMMAND_TIMEOUT_MS,
        settled: false,
        resolve: resolve as (reply: unknown) => void,
        reject,
      };
      this.#waiting.push(waiting);
      this.#watch();
      const reply = (settle: () => void) => {
        if (made !== this.#made || waiting.settled) return;
        waiting.settled = true;
        settle();
      };
      const answer = (settle: () => void) => {
        if (made === this.#made) toGateway.send(() => reply(settle));
      };
      this.#toStore.send(() => {
        const done = run();
        if (!(done instanceof Promise)) answer(() => resolve(done));
        else
          done.then(
            (value) => answer(() => resolve(value)),
            (error: Error) => answer(() => reject(error)),
          );
      });
    });
  }

  /** The server, or something between, ends the connection. */
  cut(): void {
    if (this.#connecting) {
      this.#connecting = false;
      this.#made += 1;
      this.#retry();
      return;
    }
    if (this.#subscriber !== null) this.#server.drop(this.#subscriber);
    this.#toStore.cut();
    this.#toGateway.cut();
    const made = this.#made;
    this.#toGateway.send(() => {
      if (made === this.#made && this.status === "ready") this.#lose("close");
    });
  }

  /** Its process is gone. What was sent may still arrive. */
  abandon(): void {
    if (this.#subscriber !== null) this.#server.drop(this.#subscriber);
    this.#subscriber = null;
    this.#toStore.cut();
    this.#made += 1;
    this.status = "end";
  }

  /** Nothing passes in either direction until then. */
  stall(untilMs: number): void {
    this.#toStore.stall(untilMs);
    this.#toGateway.stall(untilMs);
  }

  #lose(status: "close" | "end"): void {
    this.status = status;
    this.#made += 1;
    this.#subscriber = null;
    for (const waiting of this.#waiting.splice(0)) {
      if (!waiting.settled) waiting.reject(new Error("Connection is closed."));
      waiting.settled = true;
    }
    this.#emit("close");
    this.#attempts = 0;
    if (status === "close") this.#retry();
  }

  #retry(): void {
    const capMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.#attempts, 16), RETRY_LAST_MS);
    this.#attempts += 1;
    const waitMs = capMs * (0.5 + this.#scheduler.random.next() / 2);
    this.#process.timers.after(waitMs, () => this.#connect());
  }

  #connect(): void {
    if (this.status !== "close") return;
    if (this.#server.isDown) {
      this.#retry();
      return;
    }
    this.#made += 1;
    this.#connecting = true;
    const { stalledUntilMs } = this.#toGateway;
    const name = `${this.name} ${this.#made}`;
    this.#toStore = new Lane(this.#scheduler, this.#server.process, `${name} out`);
    this.#toGateway = new Lane(this.#scheduler, this.#process, `${name} in`);
    this.stall(stalledUntilMs);
    const made = this.#made;
    const toGateway = this.#toGateway;
    const subscriber: Subscriber = {
      gateway: this.#gateway,
      lane: toGateway,
      deliver: (channel, payload) => {
        if (made === this.#made) this.#emit("messageBuffer", Buffer.from(channel), payload);
      },
    };
    this.#toStore.send(() => {
      if (made === this.#made) toGateway.send(() => this.#connected(made, subscriber));
    });
  }

  #connected(made: number, subscriber: Subscriber): void {
    if (made !== this.#made || this.status !== "close") return;
    this.#connecting = false;
    this.#subscriber = subscriber;
    this.status = "ready";
    this.#attempts = 0;
    this.#emit("ready");
  }

  #emit(event: string, ...args: readonly unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(args as never[]));
  }

  /** All wait for the same time, so the first is the first to be late. */
  #watch(): void {
    const [first] = this.#waiting;
    if (this.#watched || first === undefined) return;
    this.#watched = true;
    this.#process.timers.after(first.deadlineMs - this.#scheduler.nowMs, () => {
      this.#watched = false;
      this.#giveUpLate();
      this.#watch();
    });
  }

  #giveUpLate(): void {
    const { nowMs } = this.#scheduler;
    while (this.#waiting[0] !== undefined) {
      const [first] = this.#waiting;
      if (!first.settled && first.deadlineMs > nowMs) return;
      this.#waiting.shift();
      if (first.settled) continue;
      first.settled = true;
      first.reject(new Error("Command timed out"));
    }
  }
}

export type ConnectionDeps = {
  readonly scheduler: Scheduler;
  readonly server: StoreServer;
  readonly process: Process;
};

/** The connection as the bus takes it. */
export function asRedis(connection: StoreConnection): RedisConnection {
  return { kind: "single", client: connection } as unknown as RedisConnection;
}
