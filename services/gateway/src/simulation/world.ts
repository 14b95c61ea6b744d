/** All processes of one history, put together, and what its steps do to them. */
import { ACCOUNTS, CONFIG, CONVERSATIONS, PEPPERS, requestOf, streamOf } from "./cast.ts";
import { Client } from "./client.ts";
import { Connection, type HeardFrame } from "./connection.ts";
import { Lane } from "./lane.ts";
import { Node } from "./node.ts";
import type { Planted } from "./planted.ts";
import { mix, Random } from "./random.ts";
import { Process, Scheduler } from "./scheduler.ts";
import type { Connections, Plan, Step } from "./steps.ts";
import type { Done } from "./store-directory.ts";
import { StoreServer } from "./store-server.ts";
import { ConversationTruth } from "./truth.ts";

export type WorldOptions = {
  readonly seed: number;
  readonly plan: Plan;
  readonly planted: Planted | null;
  /** Keeps a line of all that happens. */
  readonly story: ((line: string) => void) | null;
};

export class World {
  readonly scheduler: Scheduler;
  readonly server: StoreServer;
  readonly nodes: readonly Node[];
  readonly clients: readonly Client[];
  readonly truths = CONVERSATIONS.map(() => new ConversationTruth());
  readonly connections: Connection[] = [];
  /** What went wrong within a gateway. */
  readonly errors: string[] = [];
  /** A hash of all that clients heard, and when. */
  fingerprint = 0x811c9dc5;
  readonly #options: WorldOptions;
  readonly #clients: Process;
  readonly #channels = new Map<string, ConversationTruth>();

  constructor(options: WorldOptions) {
    this.#options = options;
    const { seed, plan, planted } = options;
    this.scheduler = new Scheduler(String(seed), new Random(seed, "world"));
    this.#clients = new Process("clients", this.scheduler);
    this.server = new StoreServer(this.scheduler, (channel, payload) => {
      this.#channels.get(channel)?.publish(payload);
      if (payload[0] === 0x7b) this.note(() => `published ${payload.toString()}`);
    });
    for (const [number, { where }] of CONVERSATIONS.entries()) {
      const truth = this.truths[number];
      const channel = this.server.directory.channels.conversation(where);
      if (truth !== undefined) this.#channels.set(channel, truth);
    }
    this.server.tamper = planted?.tamper ?? null;
    this.nodes = Array.from({ length: plan.gateways }, (_, number) => this.#node(number));
    this.clients = plan.clients.map((identity, number) => {
      const random = new Random(seed, "client", number);
      const open = (client: Client, gateway: number) => this.#open(client, gateway);
      const deps = { number, identity, process: this.#clients, random, gateways: 0, open };
      return new Client({ ...deps, gateways: plan.gateways });
    });
  }

  /** A line for the story, made only when somebody reads it. */
  note(line: () => string): void {
    const { story } = this.#options;
    if (story === null) return;
    const { nowMs, current } = this.scheduler;
    story(`${nowMs.toFixed(2).padStart(9)} ${(current?.name ?? "-").padEnd(7)} ${line()}`);
  }

  #node(number: number): Node {
    const { planted } = this.#options;
    return new Node({
      number,
      scheduler: this.scheduler,
      server: this.server,
      config: CONFIG,
      peppers: PEPPERS,
      portFaults: planted?.port ?? {},
      wrapDirectory: planted?.directory ?? ((directory) => directory),
      wrapBus: planted?.bus ?? ((bus) => bus),
      done: this.#options.story && this.#done(),
      failed: (what) => this.errors.push(what),
      note: (text) => this.note(() => text),
    });
  }

  #done(): Done {
    return (gateway, name, args, reply) =>
      this.note(() => `g${gateway} ${name} ${JSON.stringify(args)} -> ${JSON.stringify(reply)}`);
  }

  /** Accounts and conversations exist, gateways start, steps are scheduled. */
  begin(): void {
    const { server, scheduler } = this;
    scheduler.schedule(server.process, 0, server.process.timers, () => {
      const { directory } = server;
      for (const { account, hash } of ACCOUNTS) void directory.createAccount(account, hash);
      for (const { conversation, linkHash } of CONVERSATIONS) {
        void directory.mint({ conversation, linkHash });
      }
    });
    for (const node of this.nodes) node.start();
    for (const step of this.#options.plan.steps) {
      if (step.kind === "failover") this.#rememberFor(step);
      const at = (work: () => void) =>
        scheduler.schedule(this.#clients, step.atMs, this.#clients.timers, work);
      if (step.kind !== "failover") at(() => this.do(step));
    }
  }

  /** Everybody who is connected says something. */
  speak(): void {
    this.#asClients(() => {
      for (const client of this.clients) if (client.connection?.isOpen) client.connection.say();
    });
  }

  /** Every client leaves. */
  leaveAll(): void {
    this.#asClients(() => {
      for (const client of this.clients) client.leave();
    });
  }

  #asClients(work: () => void): void {
    this.scheduler.schedule(this.#clients, this.scheduler.nowMs, this.#clients.timers, work);
  }

  do(step: Step): void {
    this.note(() => `STEP ${JSON.stringify(step)}`);
    switch (step.kind) {
      case "connect":
        this.clients[step.client]?.connect(step.gateway);
        return;
      case "leave":
        this.clients[step.client]?.leave();
        return;
      case "vanish":
        this.clients[step.client]?.vanish(step.ms);
        return;
      case "metadata":
        this.clients[step.client]?.connection?.setMetadata();
        return;
      case "say":
        for (let said = 0; said < step.count; said += 1)
          this.clients[step.client]?.connection?.say();
        return;
      case "revoke":
      case "delete":
        this.#control(step.kind, step.conversation);
        return;
      default:
        this.#fault(step);
    }
  }

  #control(kind: "revoke" | "delete", number: number): void {
    const { server, scheduler } = this;
    const conversation = CONVERSATIONS[number];
    const truth = this.truths[number];
    if (conversation === undefined || truth === undefined) return;
    const { process } = server;
    // Like every other command it waits until there is a store to do it.
    const atMs = Math.max(scheduler.nowMs, server.downUntilMs);
    scheduler.schedule(process, atMs, process.timers, () => {
      const { address } = conversation.where;
      if (kind === "delete") {
        truth.closed = true;
        void server.directory.deleteConversation(address);
        return;
      }
      // The same token again, under the next number: whoever comes later is let in.
      void server.directory.replaceLinks(address, conversation.linkHash, false).then((replaced) => {
        if (replaced.ok) truth.revokedUpTo = replaced.value.number - 1;
      });
    });
  }

  #fault(step: Step): void {
    const node = "gateway" in step ? this.nodes[step.gateway] : undefined;
    const { nowMs } = this.scheduler;
    switch (step.kind) {
      case "cut":
        for (const connection of connectionsOf(node, step.which)) connection.cut();
        return;
      case "stall":
        for (const connection of connectionsOf(node, step.which)) connection.stall(nowMs + step.ms);
        return;
      case "pause":
        if (node !== undefined) this.#pause(node.process, step.ms);
        return;
      case "crash":
        if (node !== undefined) this.#crash(node, step.ms);
        return;
      case "drain":
        if (node !== undefined) this.#drain(node, step.ms);
        return;
      case "freeze":
        this.#pause(this.server.process, step.ms);
        return;
      case "restart":
        this.#cutAll(step.ms);
        return;
      case "clock":
        (node?.process ?? this.server.process).clockOffsetMs += step.ms;
        return;
      default:
        return;
    }
  }

  #later(ms: number, work: () => void): void {
    this.#clients.timers.after(ms, work);
  }

  #pause(process: Process, ms: number): void {
    if (process.paused) return;
    process.paused = true;
    const { life } = process;
    this.#later(ms, () => {
      if (process.life !== life) return;
      this.note(() => `${process.name} continues`);
      this.scheduler.resume(process);
    });
  }

  /** One that ends while the store is away takes with it what it could not publish. */
  #drain(node: Node, ms: number): void {
    const isAway = () => this.server.isDown || this.server.process.paused;
    const wasAway = isAway();
    node.drain(() => {
      if (wasAway || isAway()) for (const truth of this.truths) truth.crashed(node.process);
      this.#later(ms, () => node.start());
    });
  }

  #crash(node: Node, ms: number): void {
    for (const truth of this.truths) truth.crashed(node.process);
    node.crash();
    this.#later(ms, () => node.start());
  }

  #cutAll(ms: number): void {
    this.server.downUntilMs = this.scheduler.nowMs + ms;
    for (const node of this.nodes)
      for (const connection of connectionsOf(node, "both")) connection.cut();
  }

  /** The replica that takes over has heard nothing for a while before. */
  #rememberFor(step: Extract<Step, { kind: "failover" }>): void {
    const { scheduler } = this;
    const { timers } = this.#clients;
    let putBack: (() => void) | null = null;
    const rememberMs = Math.max(0, step.atMs - step.forgottenMs);
    scheduler.schedule(this.#clients, rememberMs, timers, () => {
      const putBackStore = this.server.directory.copy();
      const ends = this.truths.map(({ closed, revokedUpTo }) => ({ closed, revokedUpTo }));
      putBack = () => {
        putBackStore();
        for (const [number, end] of ends.entries()) Object.assign(this.truths[number] ?? {}, end);
      };
    });
    scheduler.schedule(this.#clients, step.atMs, timers, () => {
      this.note(() => `STEP ${JSON.stringify(step)}`);
      this.#cutAll(step.ms);
      putBack?.();
    });
  }

  #open(client: Client, gateway: number): Connection {
    const node = this.nodes[gateway];
    if (node === undefined) throw new Error("no such gateway");
    const { identity, number: clientNumber } = client.deps;
    const number = this.connections.length;
    const truth = this.truths[identity.conversation];
    if (truth === undefined) throw new Error("no such conversation");
    const connection: Connection = new Connection({
      number,
      client: clientNumber,
      conversation: identity.conversation,
      gateway: node.process,
      terms: identity.terms,
      truth,
      toGateway: new Lane(this.scheduler, node.process, `c${number} out`),
      toClient: new Lane(this.scheduler, this.#clients, `c${number} in`),
      nowMs: () => this.scheduler.nowMs,
      ended: (ended) => {
        this.note(() => `c${number} ended ${ended.close?.reason ?? "by its client"}`);
        node.connections.delete(ended);
        client.ended(ended);
      },
      note: (by, frame) => this.#heard(client, by, frame),
    });
    this.connections.push(connection);
    node.connections.add(connection);
    this.note(() => `c${number} (client ${clientNumber} ${identity.name}) connects to g${gateway}`);
    const [listed = identity] = this.#options.plan.clients.filter(
      ({ conversation, name }) => conversation === identity.conversation && name !== identity.name,
    );
    const request = requestOf(identity, streamOf(listed));
    connection.deps.toGateway.send(() => {
      if (connection.endedAtMs !== null || node.port?.connect(request, connection)) return;
      connection.closedByGateway({ code: 1006, reason: "" });
    });
    return connection;
  }

  #heard(client: Client, connection: Connection, frame: HeardFrame): void {
    const { number } = connection.deps;
    if (frame.type === "joined") client.joined();
    if (frame.type === "x_drain") client.drained(frame.reconnect_after_ms ?? 0);
    const heard = `${number} ${frame.type} ${frame.stream_id} ${frame.seq} ${frame.ts} ${frame.data}`;
    this.fingerprint = mix(heard, this.fingerprint);
    this.note(() => `c${number} hears ${JSON.stringify(frame)}`);
  }
}

function connectionsOf(node: Node | undefined, which: Connections) {
  if (node === undefined) return [];
  const { commands, subscriber } = node;
  const wanted = [
    which === "subscriber" ? null : commands,
    which === "commands" ? null : subscriber,
  ];
  return wanted.filter((connection) => connection !== null);
}
