/** Gateways, as they report themselves, and the sum of them (§11.4). */
import { z } from "zod";
import type { Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { replyJson } from "../http/reply.ts";
import { recordAction } from "./audit.ts";
import { OPERATOR_ERRORS, type OperatorEndpoint } from "./authenticate.ts";

/** Rows of each list of the largest in an overview. */
const LARGEST_MAX = 50;

const count = z.number().min(0);
const byReason = z.record(z.string().max(64), count).describe("Since it started, by reason.");

/** What a gateway says of itself. One of another version may say more. */
const report = z.object({
  instance: z.string(),
  at: z.string().describe("When it said so, UTC."),
  started_at: z.string(),
  draining: z.boolean(),
  not_ready: z.string().nullable().describe("What it waits for; null while it takes connects."),
  connections: count,
  conversations: count,
  memory_bytes: count,
  frames_in: count.describe("Since it started, as the next three."),
  bytes_in: count,
  frames_out: count,
  bytes_out: count,
  refused: byReason,
  closes: byReason,
  gaps: byReason,
  largest: z
    .array(z.object({ conversation_id: z.string(), namespace: z.string(), connections: count }))
    .describe("Its conversations with the most connections here."),
  talkers: z
    .array(
      z.object({
        conversation_id: z.string(),
        stream_id: z.string(),
        account_id: z.string(),
        frames_per_s: count,
      }),
    )
    .describe("The streams here that emit most."),
});
type Report = z.infer<typeof report>;

const withGateway = report.extend({ gateway: z.string() });

const TOTALS = [
  "connections",
  "conversations",
  "frames_in",
  "bytes_in",
  "frames_out",
  "bytes_out",
] as const;
const REASONS = ["refused", "closes", "gaps"] as const;

export const listGateways: OperatorEndpoint = {
  name: "operator_list_gateways",
  role: "read",
  doc: {
    summary: "List the live gateways",
    description: "What each said of itself in the last seconds.",
    auth: "bearer",
    success: {
      200: { about: "The gateways.", schema: z.object({ gateways: z.array(withGateway) }) },
    },
    errors: OPERATOR_ERRORS,
    curl: "",
  },
  handle: async (_call, tools) => replyJson({ gateways: await reports(tools) }),
};

export const showOverview: OperatorEndpoint = {
  name: "operator_show_overview",
  role: "read",
  doc: {
    summary: "Show the deployment",
    description: "The sum of what its gateways report. A gateway that starts again counts from 0.",
    auth: "bearer",
    success: {
      200: {
        about: "The sum.",
        schema: report
          .omit({ instance: true, started_at: true, not_ready: true, draining: true })
          .extend({
            gateways: z.int(),
            suspended: z.int().describe("Accounts that are suspended."),
          }),
      },
    },
    errors: OPERATOR_ERRORS,
    curl: "",
  },
  handle: async (_call, tools) => {
    const all = await reports(tools);
    const suspended = (await tools.directory.suspendedAccounts()).length;
    const at = new Date(tools.now()).toISOString();
    const sums = TOTALS.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]);
    const reasons = REASONS.map((name) => [name, sumByReason(all.map((one) => one[name]))]);
    const memory_bytes = all.reduce((sum, one) => sum + one.memory_bytes, 0);
    const lists = { largest: largestOf(all), talkers: talkersOf(all) };
    const named = Object.fromEntries([...sums, ...reasons]);
    const body = { at, gateways: all.length, suspended, memory_bytes, ...named, ...lists };
    return replyJson(body);
  },
};

export const drainGateway: OperatorEndpoint = {
  name: "operator_drain_gateway",
  role: "admin",
  doc: {
    summary: "Drain a gateway",
    description:
      "It takes no more connects and gives its sockets to the others, each notified when to come back. Its process stays until it is stopped.",
    auth: "bearer",
    success: { 200: { about: "It was asked to.", schema: z.object({ asked: z.literal(true) }) } },
    errors: [...OPERATOR_ERRORS, "not_found"],
    curl: "-X POST",
  },
  handle: async (call, tools, key) => {
    const gateway = call.param("gateway");
    const found = (await reports(tools)).find((one) => one.gateway === gateway);
    if (found === undefined) return problem("not_found");
    const target = `${gateway} ${found.instance}`;
    await recordAction(call, tools, key, { action: "gateway_drained", target, detail: null });
    await tools.directory.askDrain(gateway);
    return replyJson({ asked: true });
  },
};

async function reports({ directory }: Tools) {
  const all = await directory.reports();
  return all.flatMap(({ gateway, report: text }) => {
    const read = report.safeParse(parse(text));
    return read.success ? [{ gateway, ...read.data }] : [];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sumByReason(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const one of all) {
    for (const [reason, n] of Object.entries(one)) sums.set(reason, (sums.get(reason) ?? 0) + n);
  }
  return Object.fromEntries(sums);
}

/** The same conversation may be among the largest of several gateways. */
function largestOf(all: readonly Report[]): Report["largest"] {
  const found = new Map<string, Report["largest"][number]>();
  for (const one of all.flatMap(({ largest }) => largest)) {
    const connections = (found.get(one.conversation_id)?.connections ?? 0) + one.connections;
    found.set(one.conversation_id, { ...one, connections });
  }
  const sorted = [...found.values()].sort((a, b) => b.connections - a.connections);
  return sorted.slice(0, LARGEST_MAX);
}

function talkersOf(all: readonly Report[]): Report["talkers"] {
  const sorted = all.flatMap(({ talkers }) => talkers);
  return sorted.sort((a, b) => b.frames_per_s - a.frames_per_s).slice(0, LARGEST_MAX);
}
