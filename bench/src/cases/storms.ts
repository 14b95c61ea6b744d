/** Many at once: a storm of connects, and the storm that follows when a gateway is killed. */
import { setTimeout as pause } from "node:timers/promises";
import { type AmsAccount, amsTarget, openAmsAccount } from "../ams.ts";
import type { Case } from "../case.ts";
import { bareTarget } from "../controls.ts";
import { gather, sourceOf } from "../crowd.ts";
import type { GroundCluster } from "../ground.ts";
import type { LoadResult } from "../load-result.ts";
import { groupFor, type Party, type Target } from "../parties.ts";
import { cpuSeconds } from "../proc.ts";
import { row } from "../row.ts";
import type { Stage } from "../stage.ts";

const STORM = 10_000;
const SMOKE_STORM = 200;
const STREAMS = 10;

/** Milliseconds for which tokens flow before the kill and after everybody is back. */
const FLOW_MS = 2_000;
/** Seconds within which all must be back, and milliseconds after which we stop waiting. */
const BACK_S = 5;
const BACK_MS_MAX = 60_000;
/** Conversations whose roster is looked at. */
const ROSTERS = 50;

export const CONNECT_STORM: Case = {
  name: "connect-storm",
  about: `${STORM} connects with link and credential, ${STREAMS} to a conversation, one gateway; control: bare upgrades`,
  run: async (stage) => {
    const [gateway] = await stage.gateways();
    const account = await stage.account();
    const bare = await stage.bare();
    const party = stormParty(stage, "silent");
    const redis = (await stage.cluster()).redis?.pid() ?? 0;
    const bareRuns: Joining[] = [];
    const ourRuns: Joining[] = [];
    for (let round = 0; round < stage.scale.rounds; round += 1) {
      bareRuns.push(await joinAll(stage, party, bareTarget(bare.port, "at once"), bare.pid, redis));
      const target = await amsTarget(account, party, { gateway: () => gateway });
      ourRuns.push(await joinAll(stage, party, target, gateway.pid, redis));
    }
    const [control, ours] = [bestJoining(bareRuns), bestJoining(ourRuns)];
    return {
      rows: [
        row({ what: "connects/s, bare upgrades", ours: control.perSecond }),
        row({ what: "authenticated joins/s", ours: ours.perSecond, atLeast: 20_000 }),
        row({
          what: "server CPU µs per connect",
          control: control.serverCpu,
          ours: ours.serverCpu,
        }),
        row({ what: "Redis CPU µs per connect", ours: ours.redisCpu }),
      ],
      faults: [],
    };
  },
};

/** What a storm cost: microseconds per member, null where the system doesn't say. */
type Joining = {
  readonly perSecond: number;
  readonly serverCpu: number | null;
  readonly redisCpu: number | null;
};

async function joinAll(
  stage: Stage,
  party: Party,
  target: Target,
  server: number,
  redis: number,
): Promise<Joining> {
  const group = groupFor(party, target);
  const before = [cpuSeconds(server), cpuSeconds(redis)];
  const crowd = await gather(stage, group);
  const [serverCpu = null, redisCpu = null] = [server, redis].map((pid, index) => {
    const [from = null, to] = [before[index], cpuSeconds(pid)];
    return from === null || to === null ? null : ((to - from) * 1e6) / group.members.length;
  });
  await crowd.leave();
  return { perSecond: crowd.perSecond, serverCpu, redisCpu };
}

function bestJoining(runs: readonly Joining[]): Joining {
  const least = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  return {
    perSecond: Math.max(...runs.map(({ perSecond }) => perSecond)),
    serverCpu: least(runs.map(({ serverCpu }) => serverCpu)),
    redisCpu: least(runs.map(({ redisCpu }) => redisCpu)),
  };
}

export const RECONNECT_STORM: Case = {
  name: "reconnect-storm",
  about: `${STORM} clients of a gateway that is killed come back to the other one`,
  run: async (stage) => {
    const cluster = await stage.ground.startCluster({ gateways: 2 });
    try {
      return await killOne(stage, cluster);
    } finally {
      await cluster.stop();
    }
  },
};

async function killOne(stage: Stage, cluster: GroundCluster) {
  const [doomed, survivor] = cluster.gateways;
  if (doomed === undefined || survivor === undefined) throw new Error("A gateway is missing.");
  const account = await openAmsAccount(cluster.url);
  const party = stormParty(stage, "paced");
  const minted = await account.mint(party.conversations);
  const target = await amsTarget({ ...account, mint: () => Promise.resolve(minted) }, party, {
    gateway: () => doomed,
    otherPort: () => survivor.port,
    source: ({ number }) => sourceOf(number),
    // A stream that comes back begins a new epoch, so that its count and the emitter's are no
    // longer the same.
    more: { comesBack: { pauseMs: 0 }, checksSeq: false },
  });
  // All of them come back at once: nobody waits until another one has entered.
  const crowd = await gather(stage, groupFor(party, target), STORM);
  const flow = stage.scale.isSmoke ? 0 : FLOW_MS;
  await pause(flow);
  const back = Promise.all(crowd.runs.map((run) => run.back));
  await doomed.kill();
  const late = pause(BACK_MS_MAX, null, { ref: false });
  const times = await Promise.race([back, late]);
  const wrongRosters = times === null ? null : await countWrongRosters(cluster, account, minted);
  await pause(flow);
  for (const run of crowd.runs) run.stop();
  const results = await Promise.all(crowd.runs.map((run) => run.result));
  for (const run of crowd.runs) run.close();
  return judge(times === null ? null : Math.max(...times), wrongRosters, results);
}

function judge(
  seconds: number | null,
  wrongRosters: number | null,
  results: readonly LoadResult[],
) {
  const sum = (pick: (group: LoadResult["groups"][number]) => number) =>
    results.flatMap(({ groups }) => groups).reduce((total, group) => total + pick(group), 0);
  const disorder = sum((group) => group.reordered + group.doubled + group.own);
  return {
    rows: [
      row({ what: "seconds until all are back", ours: seconds, atMost: BACK_S }),
      row({ what: `wrong rosters of ${ROSTERS}`, ours: wrongRosters, atMost: 0 }),
      row({ what: "reordered, doubled or own tokens", ours: disorder, atMost: 0 }),
    ],
    faults: [
      ...(seconds === null ? ["not all came back"] : []),
      ...(wrongRosters === 0 ? [] : [`${wrongRosters} rosters were wrong`]),
      ...(disorder === 0 ? [] : [`${disorder} tokens were reordered, doubled or own`]),
    ],
  };
}

/** A roster is right when it holds each stream of the conversation once. */
async function countWrongRosters(
  cluster: GroundCluster,
  account: AmsAccount,
  minted: Awaited<ReturnType<AmsAccount["mint"]>>,
): Promise<number> {
  let wrong = 0;
  for (const { inspectPath } of minted.slice(0, ROSTERS)) {
    const answer = await fetch(cluster.url + inspectPath, {
      headers: { authorization: `Bearer ${account.credential}` },
    });
    const body: unknown = await answer.json();
    if (countStreams(body) !== STREAMS) wrong += 1;
  }
  return wrong;
}

function countStreams(body: unknown): number {
  if (typeof body !== "object" || body === null || !("streams" in body)) return -1;
  const { streams } = body;
  return Array.isArray(streams) ? new Set(streams.map(({ stream_name }) => stream_name)).size : -1;
}

function stormParty(stage: Stage, kind: "silent" | "paced"): Party {
  const members = stage.scale.isSmoke ? SMOKE_STORM : STORM;
  return {
    conversations: members / STREAMS,
    emitters: kind === "paced" ? 1 : 0,
    readers: kind === "paced" ? STREAMS - 1 : STREAMS,
    payload: 32,
    pace: kind === "paced" ? { kind, perSecond: 1 } : { kind },
  };
}
