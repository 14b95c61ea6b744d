/** The table of cases, in the order in which they run. */
import type { Case } from "./case.ts";
import { CAPACITY } from "./cases/capacity.ts";
import { FILL } from "./cases/fill.ts";
import { idleCase } from "./cases/idle.ts";
import { LATENCY_ACROSS, LATENCY_SAME } from "./cases/latency.ts";
import { MAIL } from "./cases/mail.ts";
import { MCP, MCP_500 } from "./cases/mcp.ts";
import { MESH } from "./cases/mesh.ts";
import { NOISY_TENANT } from "./cases/noisy-tenant.ts";
import { PACED } from "./cases/paced.ts";
import { PAGE } from "./cases/page.ts";
import { PEERS_CASE } from "./cases/peers.ts";
import { PYTHON } from "./cases/python.ts";
import { fanCase, saturatedCase } from "./cases/saturated.ts";
import { SLOW_READERS } from "./cases/slow-readers.ts";
import { CONNECT_STORM, RECONNECT_STORM } from "./cases/storms.ts";
import { WORKFLOW } from "./cases/workflow.ts";

const CASES: readonly Case[] = [
  fanCase(1, 32, { reach: { gatewayPerToken: 2.5, redisPerToken: 0.2, commandsPerToken: 0.2 } }),
  fanCase(10, 32),
  fanCase(100, 32, { reach: { deliveries: 0.9, cpuPerDelivery: 1.15 } }),
  fanCase(1_000, 32, { reach: { deliveries: 0.9, cpuPerDelivery: 1.15 } }),
  // 5,000 who enter one conversation are notified of each other, which takes longer than all of the
  // measure.
  fanCase(5_000, 32, { roundsMax: 1 }),
  fanCase(100, 1_024),
  fanCase(100, 65_536),
  saturatedCase(
    "conversations-100",
    "100 conversations of 10 streams each, everybody hears the other nine, saturated",
    { conversations: 100, emitters: 10, readers: 0, payload: 32 },
  ),
  saturatedCase("many-to-one", "100 streams into one reader, saturated", {
    conversations: 1,
    emitters: 100,
    readers: 1,
    payload: 32,
    deafEmitters: true,
  }),
  saturatedCase(
    "lone-tokens",
    "500 conversations of 1 emitter and 1 reader, each token alone on its way, saturated",
    { conversations: 500, emitters: 1, readers: 1, payload: 32 },
    { window: 1 },
  ),
  PACED,
  LATENCY_SAME,
  LATENCY_ACROSS,
  idleCase(10_000),
  idleCase(30_000),
  idleCase(60_000),
  SLOW_READERS,
  NOISY_TENANT,
  FILL,
  CONNECT_STORM,
  RECONNECT_STORM,
  MCP,
  MAIL,
  WORKFLOW,
  PYTHON,
  MESH,
  PAGE,
];

/** Others that do the same work; on request, since they take a while and aren't everywhere. */
const PEER_CASES: readonly Case[] = [PEERS_CASE];

/** Only when it is named. */
const LONG_CASES: readonly Case[] = [MCP_500, CAPACITY];

/** Every case that has a name. */
export const NAMED_CASES: readonly Case[] = [...CASES, ...PEER_CASES, ...LONG_CASES];

/** What a smoke run takes when no case is named: each way of a token once. */
const SMOKE_CASES = [
  "fan-1",
  "fan-100",
  "fan-100-64k",
  "many-to-one",
  "latency-same",
  "latency-across",
  "reconnect-storm",
  "mcp",
  "page",
];

type Choice = { readonly isSmoke: boolean; readonly withPeers: boolean };

/**
 * Those whose names were asked for, or all, in the order of the table; with the peers where they
 * are asked for too.
 */
export function chooseCases(asked: readonly string[], options: Choice): readonly Case[] {
  const unasked = options.isSmoke ? SMOKE_CASES : CASES.map(({ name }) => name);
  const peers = options.withPeers ? PEER_CASES.map(({ name }) => name) : [];
  const names = new Set([...(asked.length === 0 ? unasked : asked), ...peers]);
  return NAMED_CASES.filter(({ name }) => names.has(name));
}

/** Those of these names that no case has. */
export function unknownAmong(names: readonly string[]): readonly string[] {
  return names.filter((asked) => NAMED_CASES.every(({ name }) => name !== asked));
}
