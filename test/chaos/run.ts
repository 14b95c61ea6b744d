/**
 * One run: a deployment of real processes, clients that come and go, and seeded faults; then quiet,
 * a last look at everything, and the judgement.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, type ClusterOptions, type Member, startCluster } from "../cluster.ts";
import { judge, type Violation } from "./check.ts";
import { Client, type Talk } from "./client.ts";
import type { ConnectionRecord, FaultRecord, History, Outcome } from "./history.ts";
import { look, readLog, untilQuiet } from "./look.ts";
import { type Random, seeded } from "./random.ts";
import { type Fault, type Form, type Store, startStore } from "./store.ts";

export type Run = {
  readonly seed: number;
  readonly ms: number;
  readonly form: Form;
  readonly conversations: number;
  /** Whether every other conversation keeps its frames. */
  readonly replay: boolean;
  readonly clients: number;
  readonly gateways: number;
  /** Milliseconds between two faults, on average; null for none. */
  readonly faultEveryMs: number | null;
  /** The only fault that is made, by what it is called; any by default. */
  readonly onlyFault?: string;
  /** Milliseconds after the last fault within which everything is right (§5.6). */
  readonly rightWithinMs: number;
  /** Passed on to the cluster: a gateway with a planted fault. */
  readonly cluster?: Pick<ClusterOptions, "gatewayMain" | "env">;
};

export type Judged = { readonly history: History; readonly violations: readonly Violation[] };

export async function run(options: Run): Promise<Judged> {
  const store = await startStore(options.form);
  try {
    const { gateways } = options;
    const own = { gateways, redisUrl: store.url, ...options.cluster };
    const cluster = await startCluster(own);
    try {
      const history = await record(options, store, cluster);
      return { history, violations: judge(history) };
    } finally {
      await cluster.stop();
    }
  } finally {
    await store.stop();
  }
}

async function record(options: Run, store: Store, cluster: Cluster): Promise<History> {
  const { ms, rightWithinMs } = options;
  const random = seeded(options.seed);
  const began = performance.now();
  const nowMs = () => performance.now() - began;
  const connections: ConnectionRecord[] = [];
  const faults: FaultRecord[] = [];
  const channelsBefore = await store.channels();
  const clients = await makeClients(options, cluster, random, nowMs, connections);
  const lives = clients.map((client) => client.live(ms));
  await injectFaults(
    options,
    store,
    cluster,
    random,
    (what) => faults.push({ atMs: nowMs(), what }),
    () => nowMs() < ms,
  );
  await Promise.all(lives);
  // Everybody comes back once; who shares a name with an earlier one takes its stream over.
  await untilQuiet(clients, rightWithinMs);
  const talks = [...new Set(clients.map(({ talk }) => talk))];
  const outcomes: Outcome[] = [];
  for (const talk of talks) {
    const members = clients.filter((client) => client.talk === talk);
    const seen = await look(cluster.url, talk, members, rightWithinMs);
    const kept = talk.replay ? await readLog(gatewayUrl(cluster, random), talk) : null;
    outcomes.push({ conversation: talk.index, kept, ...seen });
  }
  for (const client of clients) client.close();
  const leftOver = await rest(store, cluster, channelsBefore, talks, rightWithinMs);
  return { connections, faults, outcomes, leftOver, storeForgets: store.forgets() };
}

function gatewayUrl(cluster: Cluster, random: Random): string {
  return random.pick(cluster.gateways.filter((one) => one.isRunning()))?.url ?? cluster.url;
}

async function makeClients(
  options: Run,
  cluster: Cluster,
  random: Random,
  nowMs: () => number,
  connections: ConnectionRecord[],
): Promise<Client[]> {
  const owner = await post(cluster.url, "/v1/accounts", { namespace: `chaos-${options.seed}` });
  const bearer = String(owner.credential);
  const talks: Talk[] = [];
  for (let index = 0; index < options.conversations; index += 1) {
    const replay = options.replay && index % 2 === 1;
    const body = replay ? { replay: { ttl_s: 86_400, max_bytes: 67_108_864 } } : {};
    const minted = await post(cluster.url, `/v1/chaos-${options.seed}/conversations`, body, bearer);
    const { pathname, searchParams } = new URL(String(minted.magic_link));
    talks.push({ index, path: pathname, token: searchParams.get("t") ?? "", replay });
  }
  return Array.from({ length: options.clients }, (_, number) => {
    const talk = talks[number % talks.length];
    if (talk === undefined) throw new Error("a run has at least one conversation");
    const round = Math.floor(number / talks.length);
    // Every fourth shares the name of the one before it, and so takes its stream over.
    const name = `n${round % 4 === 3 ? round - 1 : round}`;
    const isGuest = round % 4 === 0;
    return new Client({
      number,
      talk,
      name: isGuest ? `g${round}` : name,
      credential: isGuest ? null : bearer,
      random: seeded(options.seed * 1_000 + number),
      gateway: () => gatewayUrl(cluster, random),
      nowMs,
      record: (connection) => connections.push(connection),
    });
  });
}

async function injectFaults(
  { faultEveryMs, onlyFault }: Run,
  store: Store,
  cluster: Cluster,
  random: Random,
  note: (what: string) => void,
  goesOn: () => boolean,
): Promise<void> {
  if (faultEveryMs === null) return;
  for (;;) {
    await pause(random.between(faultEveryMs / 2, faultEveryMs * 1.5));
    if (!goesOn()) return;
    const drawn = random.chance(0.5) ? store.fault(random) : faultOfGateway(cluster, random);
    if (onlyFault !== undefined && drawn.what !== onlyFault) continue;
    const { what, run: inject } = drawn;
    note(what);
    // One that can't be made, as the store has just had another, is left out.
    const isMade = await inject().then(
      () => true,
      () => false,
    );
    note(`${isMade ? "over" : "not made"}: ${what}`);
  }
}

/** One gateway is killed, stands still or gets SIGTERM; where it ends, another is started. */
function faultOfGateway(cluster: Cluster, random: Random): Fault {
  const live = cluster.gateways.filter((one) => one.isRunning());
  const victim = random.pick(live);
  if (victim === undefined) throw new Error("no gateway runs");
  const ms = random.between(300, 8_000);
  const replaced = async (end: (gateway: Member) => Promise<unknown>) => {
    await cluster.addGateway();
    await end(victim);
  };
  const faults: readonly Fault[] = [
    { what: `${victim.name} is killed`, run: () => replaced((gateway) => gateway.kill()) },
    { what: `${victim.name} drains`, run: () => replaced((gateway) => gateway.stop()) },
    {
      what: `${victim.name} stands still for ${ms} ms`,
      run: async () => {
        process.kill(victim.pid, "SIGSTOP");
        await pause(ms);
        process.kill(victim.pid, "SIGCONT");
      },
    },
  ];
  return random.pick(faults) ?? { what: "nothing", run: async () => undefined };
}

/** What is still subscribed and listed when everybody has left. */
async function rest(
  { channels }: Store,
  cluster: Cluster,
  before: number,
  talks: readonly Talk[],
  withinMs: number,
) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const streams = await Promise.all(
      talks.map(async (talk) => (await look(cluster.url, talk, [], 0)).listed.length),
    );
    const left = {
      channels: Math.max(0, (await channels()) - before),
      streams: streams.reduce((sum, one) => sum + one, 0),
    };
    if (left.channels + left.streams === 0 || performance.now() > deadline) return left;
    await pause(200);
  }
}

async function post(
  base: string,
  path: string,
  body: unknown,
  bearer?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = {
    "content-type": "application/json",
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
  const response = await fetch(base + path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
