/**
 * A private Redis Cluster for tests: three masters, each with a replica, whose slots can be made to
 * move.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { freePort, type RedisServer, startRedisServer } from "./redis-server.ts";
import { type TlsFiles, tlsArgs } from "./redis-tls.ts";

/** Looks at a node that is still hearing of the others, and milliseconds between two. */
const LOOKS_MAX = 200;
const LOOK_MS = 50;

const execute = promisify(execFile);

const NODES = 6;

/** The bus between nodes has a port of its own, 10,000 above, which must exist. */
const PORT_MAX = 55_000;

/** Between the nodes. */
const TLS = ["--tls-cluster", "yes", "--tls-replication", "yes"];
const SLOTS = 16_384;

/** Keys of a slot that are moved at a time, and milliseconds that this may take. */
const MOVED_AT_ONCE = 100;
const MOVE_TIMEOUT_MS = 5_000;

export type RedisClusterOptions = {
  /** Milliseconds after which a node that doesn't answer counts as down. */
  readonly nodeTimeoutMs?: number;
  /** Nodes and clients speak TLS, on ports of their own; the plain ones are the test's. */
  readonly tls?: TlsFiles;
};

export type RedisCluster = {
  /** `redis+cluster://…` with all nodes. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The master that has the slot of this channel or key. */
  masterOf(channel: string): Promise<RedisServer>;
  /** The sharded channels that somebody subscribes to, on any node. */
  channels(): Promise<readonly string[]>;
  /**
   * Has the replica of this master take over from it (`CLUSTER FAILOVER`); resolves once every node
   * knows.
   */
  failOver(master: RedisServer): Promise<void>;
  /**
   * Moves the slot of this channel or key, with its keys, to another master; resolves once every
   * node knows.
   */
  moveSlot(channel: string): Promise<void>;
  stop(): Promise<void>;
};

/** Starts one and resolves once every slot is served. Needs `redis-cli` on PATH. */
export async function startRedisCluster({
  nodeTimeoutMs = 5_000,
  tls,
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "ams-cluster-"));
  const tlsPorts: number[] = [];
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async (_, node) => {
      const tlsPort = tls === undefined ? null : await freePort(PORT_MAX);
      if (tlsPort !== null) tlsPorts[node] = tlsPort;
      const file = join(folder, `nodes-${node}.conf`);
      const enabled = ["--cluster-enabled", "yes", "--cluster-config-file", file];
      const timing = [
        "--cluster-node-timeout",
        `${nodeTimeoutMs}`,
        "--repl-diskless-sync-delay",
        "0",
      ];
      const port = tls === undefined ? [] : ["--tls-port", `${tlsPort}`, ...tlsArgs(tls), ...TLS];
      const args = [...enabled, ...timing, ...port, "--dir", folder];
      return startRedisServer({ args, portMax: PORT_MAX });
    }),
  );
  const ports = tls === undefined ? nodes.map(({ port }) => port) : tlsPorts;
  const hosts = ports.map((port) => `127.0.0.1:${port}`);
  const secure = tls === undefined ? [] : ["--tls", "--cacert", tls.cert];
  const create = ["--cluster", "create", ...hosts, "--cluster-replicas", "1", "--cluster-yes"];
  await execute("redis-cli", [...secure, ...create]);
  const clients = await Promise.all(nodes.map(({ port }) => connectTo(port)));
  const topology = new Topology(nodes, clients);
  await topology.untilComplete();
  return {
    url: `redis+cluster://${hosts.join(",")}${tls === undefined ? "" : "?tls=true"}`,
    nodes,
    masterOf: async (channel) => (await topology.masterOf(channel)).server,
    channels: () => topology.channels(),
    failOver: (master) => topology.failOver(master),
    moveSlot: (channel) => topology.moveSlot(channel),
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function connectTo(port: number): Promise<Redis> {
  const client = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: null });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** A node that was killed is asked nothing. */
function isLive({ client }: Node): boolean {
  return client.status === "ready";
}

type Node = { readonly server: RedisServer; readonly client: Redis };

class Topology {
  readonly #all: readonly Node[];

  constructor(servers: readonly RedisServer[], clients: readonly Redis[]) {
    this.#all = servers.flatMap((server, index) => {
      const client = clients[index];
      return client === undefined ? [] : [{ server, client }];
    });
  }

  get #nodes(): readonly Node[] {
    return this.#all.filter(isLive);
  }

  /**
   * Resolves when each node knows who has which slot: each hears of it from the others, after the
   * cluster was made.
   */
  async untilComplete(): Promise<void> {
    await this.#until(async ({ client }) => {
      const info = `${await client.call("CLUSTER", "INFO")}`;
      const nodes = `${await client.call("CLUSTER", "NODES")}`;
      const replicas = nodes.match(/ (?:myself,)?slave /g) ?? [];
      const isComplete = info.includes("cluster_state:ok") && info.includes(`known_nodes:${NODES}`);
      const isServed = info.includes(`cluster_slots_ok:${SLOTS}`);
      return isComplete && isServed && replicas.length === NODES / 2;
    });
  }

  async masterOf(channel: string): Promise<Node> {
    const slot = await this.#slotOf(channel);
    const port = await this.#portOf(slot, this.#nodes[0]);
    return this.#at(port);
  }

  async channels(): Promise<readonly string[]> {
    const lists = this.#nodes.map(({ client }) => client.call("PUBSUB", "SHARDCHANNELS"));
    return (await Promise.all(lists)).flat().map(String);
  }

  async failOver({ port }: RedisServer): Promise<void> {
    const slot = await this.#firstSlotOf(port);
    for (const { client, server } of this.#nodes) {
      const role = await client.call("ROLE");
      if (!Array.isArray(role) || role[0] !== "slave" || Number(role[2]) !== port) continue;
      await client.call("CLUSTER", "FAILOVER");
      await this.#until(async (node) => (await this.#portOf(slot, node)) === server.port);
      return;
    }
    throw new Error(`the master ${port} has no replica`);
  }

  async moveSlot(channel: string): Promise<void> {
    const slot = await this.#slotOf(channel);
    const from = await this.masterOf(channel);
    const to = await this.#otherMaster(from);
    const [fromId, toId] = [await idOf(from), await idOf(to)];
    await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
    await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
    for (;;) {
      const keys = await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, MOVED_AT_ONCE);
      if (!Array.isArray(keys) || keys.length === 0) break;
      const target = ["127.0.0.1", to.server.port, "", 0, MOVE_TIMEOUT_MS];
      await from.client.call("MIGRATE", ...target, "KEYS", ...keys.map(String));
    }
    for (const { client } of [to, from]) {
      await client.call("CLUSTER", "SETSLOT", slot, "NODE", toId);
    }
    await this.#until(async (node) => (await this.#portOf(slot, node)) === to.server.port);
  }

  async #otherMaster(than: Node): Promise<Node> {
    for (const node of this.#nodes) {
      const role = await node.client.call("ROLE");
      if (node !== than && Array.isArray(role) && role[0] === "master") return node;
    }
    throw new Error("there is no other master");
  }

  async #slotOf(channel: string): Promise<number> {
    return Number(await this.#nodes[0]?.client.call("CLUSTER", "KEYSLOT", channel));
  }

  /** The port of the slot's master, as this node knows it. */
  async #portOf(slot: number, node: Node | undefined): Promise<number> {
    for (const [first, last, port] of await slotsOf(node)) {
      if (first <= slot && slot <= last) return port;
    }
    return 0;
  }

  async #firstSlotOf(port: number): Promise<number> {
    const range = (await slotsOf(this.#nodes[0])).find(([, , at]) => at === port);
    if (range === undefined) throw new Error(`no master at ${port}`);
    return range[0];
  }

  #at(port: number): Node {
    const node = this.#nodes.find(({ server }) => server.port === port);
    if (node === undefined) throw new Error(`no node at ${port}`);
    return node;
  }

  async #until(holds: (node: Node) => Promise<boolean>): Promise<void> {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const hold = await Promise.all(this.#nodes.map(holds));
      if (hold.every(Boolean)) return;
      await sleep(LOOK_MS);
    }
    throw new Error("the cluster did not come together");
  }
}

async function idOf({ client }: Node): Promise<string> {
  return `${await client.call("CLUSTER", "MYID")}`;
}

/** First slot, last slot, port of the master. */
async function slotsOf(node: Node | undefined): Promise<readonly [number, number, number][]> {
  const ranges = await node?.client.call("CLUSTER", "SLOTS");
  if (!Array.isArray(ranges)) return [];
  return ranges.map(([first, last, [, port]]) => [Number(first), Number(last), Number(port)]);
}
