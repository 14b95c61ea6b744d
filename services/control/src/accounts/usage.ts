/** What an account has used, by the hour: for its owner, and for its operator (§2.10.6). */
import {
  type Directory,
  HOUR_MS,
  isGranted,
  USAGE_KEPT_HOURS,
  type UsageHour,
} from "@ams/directory";
import { type AccountId, trustJsonText } from "@ams/protocol";
import { accountUsageBody } from "@ams/protocol/schema";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { usageQuery } from "../http/queries.ts";
import { reply } from "../http/reply.ts";
import { grantOf } from "./authenticate.ts";

const HOURS_DEFAULT = 24;

export const showUsage: Endpoint = {
  name: "show_usage",
  doc: {
    summary: "Show what the account has used",
    description:
      "The last hours in which anything was used, the oldest first, the present one among them: tokens and bytes in, deliveries and bytes out, connection time, the most streams at a time, bytes read from what is kept. With `format=csv` as CSV.",
    auth: "bearer",
    query: usageQuery,
    success: { 200: { about: "The hours.", schema: accountUsageBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "invalid_limit",
      "malformed_request",
    ],
    curl: "",
  },
  handle: async (call, tools) => {
    const grant = await grantOf(call, tools);
    if (!grant.ok) return problem(grant.fault);
    const { account, scopes } = grant.value;
    if (!isGranted(scopes, "read")) return problem("insufficient_scope");
    const hours = readHours(call.query("hours"));
    if (hours === null)
      return problem("invalid_limit", {}, "hours is a whole number from 1 to 840.");
    const format = call.query("format") ?? "json";
    if (format !== "json" && format !== "csv") {
      return problem("malformed_request", {}, "format is json or csv.");
    }
    const used = await usageOf(tools.directory, account.account_id, hours, tools.now());
    if (format === "json") return reply(200, trustJsonText(JSON.stringify({ hours: used })));
    const headers = { "content-type": "text/csv; charset=utf-8", "cache-control": "no-store" };
    return new Response(toCsv(used), { headers });
  },
};

/** How many hours are asked for; null when that is wrong. */
export function readHours(text: string | null): number | null {
  if (text === null) return HOURS_DEFAULT;
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return hours >= 1 && hours <= USAGE_KEPT_HOURS ? hours : null;
}

export type ShownHour = ReturnType<typeof shownHour>;

/** The last so many hours, the present one among them. */
export async function usageOf(
  directory: Directory,
  account: AccountId,
  hours: number,
  nowMs: number,
): Promise<readonly ShownHour[]> {
  const present = Math.floor(nowMs / HOUR_MS);
  return (await directory.usageOf(account, present - hours + 1)).map(shownHour);
}

/** One line for each hour, below the names. No value needs quotes. */
export function toCsv(hours: readonly ShownHour[]): string {
  const names = Object.keys(shownHour(NOTHING)).join(",");
  const lines = hours.map((hour) => Object.values(hour).join(","));
  return [names, ...lines].map((line) => `${line}\r\n`).join("");
}

function shownHour(used: UsageHour) {
  return {
    hour: new Date(used.hour * HOUR_MS).toISOString(),
    tokens_in: used.tokens_in,
    bytes_in: used.bytes_in,
    deliveries: used.deliveries,
    bytes_out: used.bytes_out,
    connection_s: Math.round(used.connection_ms / 1_000),
    peak_streams: used.peak_streams,
    replay_bytes: used.replay_bytes,
  };
}

const NOTHING: UsageHour = {
  hour: 0,
  tokens_in: 0,
  bytes_in: 0,
  deliveries: 0,
  bytes_out: 0,
  connection_ms: 0,
  peak_streams: 0,
  replay_bytes: 0,
};
