/**
 * A whole deployment on loopback, in its real shape: a private Redis, control, any number of
 * gateways as processes of their own, and one entry port before them. The journeys and
 * `npm run cluster` use it; all of it ends with this process. The services must be built.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEntryPort } from "./cluster/entry-port.ts";
import { freePort } from "./cluster/free-port.ts";
import { type RedisServer, startRedisServer } from "./cluster/redis-server.ts";
import { type Exit, type ServerProcess, startProcess } from "./cluster/server-process.ts";
import { watchFolder } from "./cluster/watchdog.ts";
import { programFolder, repositoryRoot } from "./repository-root.ts";

/**
 * So high that a load test doesn't meet it; what the limits do is tested where they are set low.
 */
const RAISED = "1000000";

/** Settings that a cluster for tests has instead of a deployment's: raised counts, no rates. */
const CLUSTER_ENV = {
  HOST: "127.0.0.1",
  AMS_TRUST_PROXY: "true",
  AMS_STREAMS_PER_ACCOUNT: RAISED,
  AMS_GUESTS_PER_ACCOUNT: RAISED,
  AMS_CONVERSATIONS_PER_ACCOUNT: "0",
  AMS_SUBSCRIBERS_PER_CONVERSATION: RAISED,
  AMS_ACCOUNTS_PER_MINUTE: "0",
  AMS_MINTS_PER_MINUTE: "0",
  AMS_ADDRESS_CPU_MS_PER_SECOND: "0",
  AMS_ACCOUNT_CPU_MS_PER_SECOND: "0",
  AMS_ROTATIONS_PER_MINUTE: "0",
  AMS_FRAMES_PER_SECOND: "0",
  AMS_BYTES_PER_SECOND: "0",
};

export type ClusterOptions = {
  readonly gateways: number;
  /**
   * Number of processes of each edge, by its folder in `edges`; none unless given. Where it is 0,
   * `addEdge` can add some.
   */
  readonly edges?: Readonly<Record<string, number>>;
  /** Use this Redis (`AMS_REDIS_URL`) instead of starting one. */
  readonly redisUrl?: string;
  /** The entry port; the system chooses by default. */
  readonly port?: number;
  /** The program of a gateway instead of its own: one with a planted fault. */
  readonly gatewayMain?: string;
  /** Environment variables for control and every gateway, over those of a test cluster. */
  readonly env?: Readonly<Record<string, string>>;
};

/** A server of the cluster, and where it listens. */
export type Member = {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly pid: number;
  readonly isRunning: () => boolean;
  /** SIGKILL by default; resolves with how it ended. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<Exit>;
  /** SIGTERM; resolves with how it ended. */
  readonly stop: () => Promise<Exit>;
};

export type Cluster = {
  /** The entry: control and all gateways behind one address. */
  readonly url: string;
  readonly gateways: readonly Member[];
  readonly control: Member;
  /** The processes of each edge that was asked for. */
  readonly edges: Readonly<Record<string, readonly Member[]>>;
  /** The Redis of journals; null without processes that keep some. */
  readonly journalUrl: string | null;
  /** Null when it was given from outside. */
  readonly redis: RedisServer | null;
  readonly redisUrl: string;
  /** Starts one more gateway and puts it behind the entry. */
  readonly addGateway: () => Promise<Member>;
  /** Starts one more control, which the entry doesn't know. */
  readonly addControl: () => Promise<Member>;
  /** Starts one more process of an edge that the options name, and puts it behind the entry. */
  readonly addEdge: (name: string) => Promise<Member>;
  /** All that the processes have written until now, by process. */
  readonly logs: () => Promise<Readonly<Record<string, string>>>;
  /** The folder in which logs and data lie until `stop`. */
  readonly folder: string;
  /** Stops everything in order, and removes what it left on disk. */
  readonly stop: () => Promise<void>;
};

/** What is to be ended, group by group in this order, the members of a group together. */
type Stops = Readonly<Record<"entry" | "members" | "redis" | "folder", (() => Promise<unknown>)[]>>;

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "ams-cluster-"));
  watchFolder(folder);
  const stops: Stops = {
    entry: [],
    members: [],
    redis: [],
    folder: [() => rm(folder, { recursive: true, force: true })],
  };
  const stop = async () => {
    for (const group of [stops.entry, stops.members, stops.redis, stops.folder]) {
      await Promise.all(group.splice(0).map((end) => end()));
    }
  };
  try {
    return await startInto(folder, options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startInto(
  folder: string,
  options: ClusterOptions,
  stops: Stops,
  stop: () => Promise<void>,
): Promise<Cluster> {
  const redis = options.redisUrl === undefined ? await startRedisServer(folder) : null;
  if (redis !== null) stops.redis.push(() => redis.stop());
  const redisUrl = redis?.url ?? options.redisUrl ?? "";
  const secrets = edgeSecrets();
  // Control too: some of its routes are for an edge that shows the secret that both have.
  const env = { ...process.env, ...CLUSTER_ENV, ...peppers(), ...secrets, ...options.env };
  const member = async (service: string, name: string) => {
    const own = { ...env, AMS_REDIS_URL: redisUrl };
    const main = service === "gateway" ? options.gatewayMain : undefined;
    const started = await startMember(service, name, folder, own, main);
    stops.members.push(() => started.stop());
    return started;
  };
  const gateways: Member[] = [];
  const addGateway = async () => {
    const added = await member("gateway", `gateway-${gateways.length + 1}`);
    gateways.push(added);
    return added;
  };
  const first = Array.from({ length: options.gateways }, (_, index) => `gateway-${index + 1}`);
  const starting = [member("control", "control"), ...first.map((name) => member("gateway", name))];
  // When one fails, the others are let come up first, so that they can be stopped.
  await Promise.allSettled(starting);
  const [control, ...others] = await Promise.all(starting);
  if (control === undefined) throw new Error("There is no control.");
  gateways.push(...others);
  let controls = 1;
  const addControl = () => {
    controls += 1;
    return member("control", `control-${controls}`);
  };
  const live = (all: readonly Member[]) => () =>
    all.filter((one) => one.isRunning()).map((one) => one.port);
  const wanted = Object.entries(options.edges ?? {});
  const edges = Object.fromEntries(wanted.map(([name]): [string, Member[]] => [name, []]));
  const liveEdges = Object.fromEntries(
    Object.entries(edges).map(([name, members]) => [name, live(members)]),
  );
  const backends = { gateways: live(gateways), control: control.port, edges: liveEdges };
  const entry = await openEntryPort(backends, options.port);
  stops.entry.push(() => entry.close());
  const url = `http://127.0.0.1:${entry.port}`;
  const hasJournals = wanted.some(([name]) => keepsJournals(name));
  const journalUrl = hasJournals ? await startJournalRedis(folder, stops) : null;
  const settings = Object.fromEntries(
    wanted.map(([name]) => [name, edgeSettings(name, { redisUrl, journalUrl })]),
  );
  const addEdge = async (name: string) => {
    const members = edges[name];
    if (members === undefined) throw new Error(`The options do not name the edge ${name}.`);
    const own = { ...settings[name], AMS_URL: url, ...env };
    const started = await startMember(name, `${name}-${members.length + 1}`, folder, own);
    stops.members.push(() => started.stop());
    members.push(started);
    return started;
  };
  for (const [name, count] of wanted)
    for (let index = 0; index < count; index += 1) await addEdge(name);
  const logs = () => readLogs(folder);
  return {
    url,
    gateways,
    control,
    edges,
    journalUrl,
    redis,
    redisUrl,
    addGateway,
    addControl,
    addEdge,
    logs,
    folder,
    stop,
  };
}

/** The edges that can be started: the folders in `edges`, in the order of their names. */
export function edgeNames(): readonly string[] {
  const folders = join(repositoryRoot(), "edges");
  return readdirSync(folders)
    .filter((name) => existsSync(join(folders, name, "package.json")))
    .sort();
}

/** Whether an edge keeps journals, which are in a Redis of their own. */
function keepsJournals(name: string): boolean {
  const own: unknown = JSON.parse(readFileSync(join(programFolder(name), "package.json"), "utf8"));
  return Object.hasOwn(Object(Object(own).dependencies), "@ams/journal");
}

/** A secret for each edge, which its processes share. */
function edgeSecrets(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    edgeNames().map((name) => [`${prefixOf(name)}_SECRET`, randomBytes(32).toString("hex")]),
  );
}

function prefixOf(name: string): string {
  return `AMS_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * What an edge is given besides, by the names that edges have for it: a
 * database of its own (1 for the first folder), and its keys among the journals. An edge ignores
 * what it has no setting for.
 */
function edgeSettings(
  name: string,
  stores: { readonly redisUrl: string; readonly journalUrl: string | null },
): Readonly<Record<string, string>> {
  const prefix = prefixOf(name);
  const server = stores.redisUrl.replace(/\/\d*$/, "");
  const journal = { AMS_JOURNAL_REDIS_URL: stores.journalUrl ?? "" };
  return {
    [`${prefix}_REDIS_URL`]: `${server}/${edgeNames().indexOf(name) + 1}`,
    ...(keepsJournals(name) ? { ...journal, AMS_JOURNAL_PREFIX: `ams-${name}` } : {}),
  };
}

async function startJournalRedis(folder: string, stops: Stops): Promise<string> {
  const kept = join(folder, "journal");
  await mkdir(kept);
  const journal = await startRedisServer(kept);
  stops.redis.push(() => journal.stop());
  return journal.url;
}

async function startMember(
  service: string,
  name: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  main = join(programFolder(service), "dist", "main.js"),
): Promise<Member> {
  const port = await freePort();
  const adminPort = await freePort();
  const own = { PORT: String(port), AMS_ADMIN_PORT: String(adminPort), AMS_INSTANCE: name };
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const command = {
    name,
    file: process.execPath,
    args: [main],
    env: { ...env, ...own },
    logFile: join(folder, `${name}.log`),
  };
  const started: ServerProcess = await startProcess(command, () => answersOk(`${adminUrl}/readyz`));
  const url = `http://127.0.0.1:${port}`;
  const { pid, isRunning, kill, stop } = started;
  return { name, url, port, adminUrl, pid, isRunning, kill, stop };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function readLogs(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".log"));
  const entries = files.map(async (name) => [
    name.replace(/\.log$/, ""),
    await readFile(join(folder, name), "utf8"),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

function peppers(): Record<string, string> {
  const pepper = () => randomBytes(32).toString("hex");
  return { AMS_CREDENTIAL_PEPPERS: pepper(), AMS_LINK_PEPPERS: pepper() };
}
