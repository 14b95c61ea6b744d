/**
 * One gateway process of a history: the real `startGateway` on simulated connections and sockets;
 * it can be killed and started.
 */
import type { Directory, Peppers } from "@ams/directory";
import type { Log } from "@ams/process";
import type { Registry } from "prom-client";
import type { Bus } from "../bus/bus.ts";
import { openRedisBus } from "../bus/bus-redis.ts";
import type { GatewayConfig } from "../config.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import type { Connection } from "./connection.ts";
import { type PortFaults, SimulatedPort } from "./port.ts";
import { Process, type Scheduler } from "./scheduler.ts";
import { asRedis, StoreConnection } from "./store-connection.ts";
import { type Done, openStoreDirectory } from "./store-directory.ts";
import type { StoreServer } from "./store-server.ts";

/** Milliseconds after which a process that ended by itself is started again. */
const START_AGAIN_MS = 500;

const REGISTRY = { registerMetric: () => undefined } as unknown as Registry;

export type NodeDeps = {
  readonly number: number;
  readonly scheduler: Scheduler;
  readonly server: StoreServer;
  readonly config: GatewayConfig;
  readonly peppers: Peppers;
  readonly portFaults: PortFaults;
  /** Null when nobody reads the story. */
  readonly done: Done | null;
  /** An error that the gateway has logged: nothing that the simulation does may cause one. */
  readonly failed: (what: string) => void;
  /** For planted faults. */
  readonly wrapDirectory: (directory: Directory, gateway: number) => Directory;
  readonly wrapBus: (bus: Bus) => Bus;
  readonly note: (text: string) => void;
};

export class Node {
  readonly process: Process;
  readonly #deps: NodeDeps;
  #runs = false;
  gateway: Gateway | null = null;
  port: SimulatedPort | null = null;
  commands: StoreConnection | null = null;
  subscriber: StoreConnection | null = null;
  /** Connections that reach this process, or are on their way to it. */
  readonly connections = new Set<Connection>();

  constructor(deps: NodeDeps) {
    this.#deps = deps;
    this.process = new Process(`g${deps.number}`, deps.scheduler);
  }

  get isUp(): boolean {
    return this.gateway !== null;
  }

  /** Does nothing while it runs. */
  start(): void {
    if (this.#runs) return;
    this.#runs = true;
    this.process.startedAtMs = this.#deps.scheduler.nowMs;
    const { life } = this.process;
    this.process.timers.after(1, () => {
      this.#run().catch((error: unknown) => {
        if (life !== this.process.life) return;
        this.#deps.note(`${this.process.name} did not start: ${String(error)}`);
        this.crash();
        this.process.timers.after(START_AGAIN_MS, () => this.start());
      });
    });
  }

  async #run(): Promise<void> {
    const { scheduler, server, number, config, peppers, portFaults, done } = this.#deps;
    const deps = { scheduler, server, process: this.process };
    const name = `${this.process.name}.${this.process.life}`;
    const commands = new StoreConnection(`${name} commands`, number, deps);
    const subscriber = new StoreConnection(`${name} subscriber`, number, deps);
    this.commands = commands;
    this.subscriber = subscriber;
    await Promise.all([ready(commands), ready(subscriber)]);
    const port = new SimulatedPort(portFaults);
    const log = this.#log();
    const directory = openStoreDirectory(number, commands, server.directory, done);
    this.port = port;
    this.gateway = await startGateway({
      at: { host: "", port: 0, names: { publicUrl: null, allowedHosts: [] } },
      instance: this.process.name,
      config,
      peppers,
      directory: this.#deps.wrapDirectory(directory, number),
      bus: this.#deps.wrapBus(openRedisBus(asRedis(commands), asRedis(subscriber), log)),
      log,
      registry: REGISTRY,
      openPort: () => port,
    });
  }

  /** It ends at once, as by SIGKILL. */
  crash(): void {
    this.#deps.scheduler.crash(this.process);
    this.commands?.abandon();
    this.subscriber?.abandon();
    this.#end();
  }

  /** It goes away in good order, as on SIGTERM. */
  drain(ended: () => void): void {
    const { gateway } = this;
    if (gateway === null) return;
    const { life } = this.process;
    const after = () => {
      if (life !== this.process.life) return;
      this.crash();
      ended();
    };
    this.process.timers.after(0, () => {
      gateway.stop().then(after, after);
    });
  }

  #end(): void {
    this.#runs = false;
    this.gateway = null;
    this.port = null;
    for (const connection of this.connections) {
      connection.closedByGateway({ code: 1006, reason: "" });
      connection.socket = null;
    }
    this.connections.clear();
  }

  #log(): Log {
    const quiet = () => undefined;
    const failed = (fields: unknown) => this.#deps.failed(JSON.stringify(fields));
    const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: failed };
    return { ...log, fatal: failed } as unknown as Log;
  }
}

function ready(connection: StoreConnection): Promise<void> {
  if (connection.status === "ready") return Promise.resolve();
  return new Promise((resolve) => {
    connection.on("ready", () => resolve());
  });
}
