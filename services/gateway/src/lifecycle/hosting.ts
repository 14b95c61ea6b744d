/**
 * What operators have of a gateway (PROTOCOL §11.3, §11.4): it ends the sockets of suspended
 * accounts, reports itself every two seconds, and drains when it is asked to.
 */
import {
  type Directory,
  type GatewayId,
  type GatewayReport,
  REPORT_CHARACTERS_MAX,
  watchSuspensions,
} from "@ams/directory";
import { describeError, type Log } from "@ams/process";
import type { AccountId } from "@ams/protocol";
import type { Registry } from "prom-client";
import type { Conversations } from "../conversation/conversations.ts";
import { toIso } from "../time.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { Talkers } from "./talkers.ts";

/** Milliseconds between two reports: what an operator's page shows is that old at most. */
const REPORT_MS = 2_000;

/** Milliseconds for which a report is kept: a gateway that misses four is not shown any more. */
const REPORT_KEPT_MS = 10_000;

/** Rows of each list in a report: far below `REPORT_CHARACTERS_MAX` in all. */
const LARGEST_MAX = 50;

export type HostingDeps = {
  readonly directory: Directory;
  readonly conversations: Conversations;
  readonly registry: Registry;
  readonly log: Log;
  readonly instance: string;
  readonly gateway: () => GatewayId;
  readonly isDraining: () => boolean;
  readonly notReady: () => string | null;
  /** Unix milliseconds. */
  readonly now: () => number;
};

export type Hosting = {
  /** Whether one of these accounts is suspended. */
  readonly isSuspended: (...accounts: readonly AccountId[]) => boolean;
  /** Looks at once for what was suspended, and ends its sockets. */
  readonly look: () => void;
  /** Ends the sockets of whoever is suspended now. */
  readonly endSuspended: () => void;
  readonly stop: () => Promise<void>;
};

/** Its directory must have answered before, so that the first look is not refused. */
export async function beginHosting(deps: HostingDeps): Promise<Hosting> {
  const { directory, conversations, log } = deps;
  const endSuspended = () => {
    for (const { conversation, session } of [...conversations.sessions()]) {
      const { owner_account_id } = session.stream.entry;
      if (isSuspended(conversation.owner, owner_account_id)) session.close("account_suspended");
    }
  };
  const suspensions = watchSuspensions(directory, endSuspended);
  const isSuspended: Hosting["isSuspended"] = (...accounts) => accounts.some(suspensions.has);
  const failed = (error: unknown) =>
    log.debug({ event: "report_failed", ...describeError(error) }, "report failed");
  const reporting = new OneAtATime(reporter(deps), failed);
  await suspensions.look();
  reporting.run();
  const timer = setInterval(() => reporting.run(), REPORT_MS).unref();
  return {
    isSuspended,
    look: () => void suspensions.look().catch(failed),
    endSuspended,
    stop: async () => {
      suspensions.stop();
      clearInterval(timer);
      await reporting.idle();
    },
  };
}

function reporter(deps: HostingDeps): () => Promise<void> {
  const { directory, conversations, registry, now } = deps;
  const startedAt = toIso(now());
  const talkers = new Talkers();
  return async () => {
    const [joins, closes, gaps] = await Promise.all([
      byReason(registry, "ams_gateway_joins_total"),
      byReason(registry, "ams_gateway_closes_total"),
      byReason(registry, "ams_gateway_gaps_total"),
    ]);
    const { joined: _, resumed: __, client_gone: ___, ...refused } = joins;
    const sessions = [...conversations.sessions()];
    const report: GatewayReport = {
      instance: deps.instance,
      at: toIso(now()),
      started_at: startedAt,
      draining: deps.isDraining(),
      not_ready: deps.notReady(),
      connections: sessions.length,
      conversations: conversations.size,
      memory_bytes: process.memoryUsage.rss(),
      frames_in: await total(registry, "ams_gateway_frames_in_total"),
      bytes_in: await total(registry, "ams_gateway_bytes_in_total"),
      frames_out: await total(registry, "ams_gateway_frames_out_total"),
      bytes_out: await total(registry, "ams_gateway_bytes_out_total"),
      refused,
      closes,
      gaps,
      largest: largestOf(sessions),
      talkers: talkers.next(sessions, performance.now()).slice(0, LARGEST_MAX),
    };
    const text = JSON.stringify(report);
    if (text.length > REPORT_CHARACTERS_MAX) throw new Error("the report is too long");
    await directory.report(deps.gateway(), text, REPORT_KEPT_MS);
  };
}

/** The counter's values by its one label; reasons are a closed set. */
async function byReason(registry: Registry, name: string): Promise<Record<string, number>> {
  const metric = await registry.getSingleMetric(name)?.get();
  const rows = metric?.values ?? [];
  return Object.fromEntries(
    rows.map(({ labels, value }) => [String(Object.values(labels)[0] ?? ""), value]),
  );
}

async function total(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values[0]?.value ?? 0;
}

type Sessions = Parameters<Talkers["next"]>[0];

function largestOf(sessions: Sessions): GatewayReport["largest"] {
  const connections = new Map<Sessions[number]["conversation"], number>();
  for (const { conversation } of sessions) {
    connections.set(conversation, (connections.get(conversation) ?? 0) + 1);
  }
  const sorted = [...connections].sort(([, a], [, b]) => b - a).slice(0, LARGEST_MAX);
  return sorted.map(([{ where }, held]) => ({
    conversation_id: where.conversationId,
    namespace: where.address.namespace,
    connections: held,
  }));
}
