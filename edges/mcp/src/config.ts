/** What the MCP edge can be told by its environment. */
import { hostname } from "node:os";
import {
  type Environment,
  edgeProcessSettings,
  faultsOf,
  integer,
  type Reached,
  readSettings,
  type Setting,
  type ValuesOf,
} from "@ams/process";
import { z } from "zod";

/** What the edge does, alone or composed with a gateway in one process. */
export const MCP_SETTINGS = {
  AMS_MCP_ORIGINS: originList(
    "Origins of web pages that may speak with the MCP edge, separated by commas; the deployment's own and loopback may anyway.",
  ),
  AMS_MCP_SESSIONS: integer(10_000, "MCP sessions that are open at a time; past it 429.", {
    min: 1,
  }),
  AMS_MCP_SESSIONS_PER_ADDRESS: integer(
    200,
    "MCP sessions that are open at a time from one address; past it 429.",
    { min: 1 },
  ),
  AMS_MCP_SEATS: integer(
    5_000,
    "Seats that MCP callers hold at a time, each a connection of this process.",
    { min: 1 },
  ),
};

/** What the MCP process needs besides. */
export const MCP_PROCESS_SETTINGS = edgeProcessSettings({ port: 8083, adminPort: "9093" });

export type McpConfig = {
  /** Origins that the operator lists. */
  readonly origins: readonly string[];
  readonly sessions: number;
  readonly sessionsPerAddress: number;
  readonly seats: number;
};

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly string[] };

/** The edge's own configuration, or every fault of it at once. */
export function readMcp(environment: Environment): Checked<McpConfig> {
  const read = readSettings(MCP_SETTINGS, environment);
  if (!read.ok) return read;
  const { value } = read;
  return {
    ok: true,
    value: {
      origins: value.AMS_MCP_ORIGINS,
      sessions: value.AMS_MCP_SESSIONS,
      sessionsPerAddress: value.AMS_MCP_SESSIONS_PER_ADDRESS,
      seats: value.AMS_MCP_SEATS,
    },
  };
}

/** Comma-separated origins, as browsers send them: scheme, host and port, and no path. */
function originList(about: string): Setting<readonly string[]> {
  const read = z
    .string()
    .transform((listed) => listed.split(",").flatMap((one) => one.trim() || []))
    .refine(
      (origins) => origins.every((one) => URL.canParse(one) && new URL(one).origin === one),
      "must be origins such as https://example.org, separated by commas",
    );
  return { read, fallback: "", about, secret: false };
}

export type McpProcess = {
  readonly config: McpConfig;
  readonly reached: Reached;
  readonly deploymentUrl: string;
  readonly instance: string;
  readonly process: ValuesOf<typeof MCP_PROCESS_SETTINGS>;
};

/** All that the MCP process runs with, or every fault of it at once. */
export function readMcpProcess(environment: Environment): Checked<McpProcess> {
  const own = readSettings(MCP_PROCESS_SETTINGS, environment);
  const config = readMcp(environment);
  const url: Checked<null> =
    (environment.AMS_URL ?? "") === ""
      ? { ok: false, faults: ["AMS_URL is needed"] }
      : { ok: true, value: null };
  if (!own.ok || !config.ok || !url.ok) return { ok: false, faults: faultsOf(config, own, url) };
  const { AMS_PUBLIC_URL: publicUrl, AMS_TRUST_PROXY: trustProxy } = own.value;
  return {
    ok: true,
    value: {
      config: config.value,
      reached: { publicUrl, trustProxy },
      deploymentUrl: own.value.AMS_URL ?? "",
      instance: own.value.AMS_INSTANCE ?? hostname(),
      process: own.value,
    },
  };
}
