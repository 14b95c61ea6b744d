/**
 * The MCP edge: how long a token takes to an agent, by push and by `ams_recv`, beside the raw wire
 * in the same seconds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Case } from "../case.ts";
import type { GroundStandalone } from "../ground.ts";
import { type AgentsPlan, gather, type Path, speak, untilHeard } from "../mcp-agents.ts";
import { cpuSeconds, ownMemoryBytes } from "../proc.ts";
import { type Row, row } from "../row.ts";

/** Milliseconds above the raw wire within which an agent is to hear of a token, at p50. */
const ABOVE_WIRE_MS = 3;
/** Of its memory after the first windows: what is held at the end, when it is flat. */
const GROWTH_MAX = 1.1;

/** How many of whom, and how long. */
type Plan = AgentsPlan & {
  /**
   * Not measured: what is compiled at first, and buffers of 1,000 events that fill and stay full,
   * are no leak.
   */
  readonly warmupMs: number;
  readonly windows: number;
  readonly windowMs: number;
};

/** What was measured in one span of time. */
type Window = {
  /** Milliseconds, in the order in which they were measured. */
  readonly latencies: Readonly<Record<Path, number[]>>;
  memoryBytes: number | null;
};

export const MCP: Case = mcpCase(
  "mcp",
  "10 conversations × 10 tokens/s, each to an agent by push and to one by ams_recv; control: the raw wire",
  {
    conversations: 10,
    perSecond: 10,
    listeners: 1,
    pollers: 10,
    warmupMs: 3_000,
    windows: 3,
    windowMs: 10_000,
  },
);

/** On request, since it takes twelve minutes. */
export const MCP_500: Case = mcpCase(
  "mcp-500",
  "500 agents with push on one process, 10 tokens/s to each, for ten minutes; control: the raw wire",
  {
    conversations: 50,
    perSecond: 10,
    listeners: 10,
    pollers: 5,
    // A buffer of 1,000 events is full after 100 s.
    warmupMs: 110_000,
    windows: 10,
    windowMs: 60_000,
  },
);

function mcpCase(name: string, about: string, full: Plan): Case {
  return {
    name,
    about,
    run: async (stage) => {
      const short = { warmupMs: 200, windows: 1, windowMs: 1_000 };
      const plan = stage.scale.isSmoke ? { ...full, ...short } : full;
      const agents = plan.conversations * plan.listeners + plan.pollers;
      const env = { AMS_MCP_SESSIONS_PER_ADDRESS: String(2 * agents) };
      const ams = await stage.ground.startStandalone(env);
      try {
        return await measure(ams, plan);
      } finally {
        await ams.stop();
      }
    },
  };
}

async function measure(ams: GroundStandalone, plan: Plan) {
  let now: Window | null = null;
  const agents = await gather(ams.url, plan, (path, ms) => now?.latencies[path].push(ms));
  try {
    const silence = new AbortController();
    const speaking = agents.emitters.map((emitter, at) => speak(emitter, at, plan, silence.signal));
    await sleep(plan.warmupMs);
    const cpuBefore = cpuSeconds(ams.pid());
    const windows: Window[] = [];
    for (let count = 0; count < plan.windows; count += 1) {
      now = { latencies: { wire: [], push: [], recv: [] }, memoryBytes: null };
      windows.push(now);
      await sleep(plan.windowMs);
      now.memoryBytes = ownMemoryBytes(ams.pid());
    }
    now = null;
    const cpuAfter = cpuSeconds(ams.pid());
    silence.abort();
    const sent = await Promise.all(speaking);
    await untilHeard(agents, sent);
    const cpu_s = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
    return {
      rows: [...latencyRows(windows), ...processRows(windows, cpu_s, plan)],
      faults: agents.ears.flatMap((ears, at) => ears.flatMap((ear) => ear.faults(sent[at] ?? 0))),
    };
  } finally {
    await agents.leave();
  }
}

/**
 * From the quietest window, which is the one in which the wire was best: the edge has no say in it.
 */
function latencyRows(windows: readonly Window[]): readonly Row[] {
  const byWire = [...windows].sort(
    (a, b) => quantile(a.latencies.wire, 0.99) - quantile(b.latencies.wire, 0.99),
  );
  const [quietest] = byWire;
  if (quietest === undefined) return [];
  const { wire, push, recv } = quietest.latencies;
  const rows = [
    { name: "emit → push", ours: push, note: "" },
    { name: "emit → ams_recv", ours: recv, note: "until its answer has ended" },
  ];
  return rows.flatMap(({ name, ours, note }) => [
    row({
      what: `${name}: p50 ms`,
      control: quantile(wire, 0.5),
      ours: quantile(ours, 0.5),
      atMostAbove: ABOVE_WIRE_MS,
      note,
    }),
    row({
      what: `${name}: p99 ms`,
      control: quantile(wire, 0.99),
      ours: quantile(ours, 0.99),
      note: `of ${ours.length} tokens`,
    }),
  ]);
}

function processRows(
  windows: readonly Window[],
  cpu_s: number | null,
  { windowMs }: Plan,
): readonly Row[] {
  const heard = windows.flatMap(({ latencies: { push, recv } }) => [push.length, recv.length]);
  const events = heard.reduce((sum, count) => sum + count, 0);
  const seconds = (windows.length * windowMs) / 1_000;
  const share = cpu_s === null ? "unknown" : `${Math.round((cpu_s / seconds) * 100)} %`;
  const memory = windows.map(({ memoryBytes }) => memoryBytes);
  const toMiB = (bytes: number | null | undefined) => (bytes ? bytes / 2 ** 20 : null);
  return [
    row({
      what: "the process's CPU µs per token to an agent",
      ours: cpu_s === null ? null : (cpu_s * 1e6) / events,
      note: `broker and edge; ${share} of a core`,
    }),
    row({
      what: "its MiB at the end; control: after the first window",
      control: toMiB(memory[0]),
      ours: toMiB(memory.at(-1)),
      // In seconds nothing can be said of it.
      ...(seconds >= 60 && { atMost: GROWTH_MAX }),
    }),
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
