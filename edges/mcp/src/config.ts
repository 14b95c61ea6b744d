/** What the environment sets for the MCP edge. */
import {
  type Checked,
  type Environment,
  integer,
  OAUTH_SETTINGS,
  readSettings,
  type Setting,
} from "@ams/process";
import { z } from "zod";

/** What the edge does, alone or composed with a gateway in one process. */
export const MCP_SETTINGS = {
  ...OAUTH_SETTINGS,
  AMS_MCP_ORIGINS: originList(
    "Origins of web pages that may speak with the MCP edge, separated by commas; the deployment's own and loopback may anyway.",
  ),
  AMS_MCP_SECRET: secretText(
    "Seals handles and session ids of MCP callers: at least 32 characters, the same in every MCP process, so that each serves any session and restarts are not noticed. Without it they end with the process. A standalone makes one.",
  ),
  AMS_MCP_SESSIONS: integer(10_000, "MCP sessions that are open at a time; past it 429.", {
    min: 1,
  }),
  AMS_MCP_SESSIONS_PER_ADDRESS: integer(
    200,
    "MCP sessions that are open at a time from one address; past it 429.",
    { min: 1 },
  ),
  AMS_MCP_SUBSCRIPTIONS: integer(
    5_000,
    "Subscriptions that MCP callers hold at a time, each a connection of this process.",
    { min: 1 },
  ),
};

export type McpConfig = {
  /** Null where the operator set none. */
  readonly secret: string | null;
  /** Origins that the operator lists. */
  readonly origins: readonly string[];
  /** Whether a request without a bearer is asked to sign in, where it brings no link. */
  readonly oauth: boolean;
  readonly sessions: number;
  readonly sessionsPerAddress: number;
  readonly subscriptions: number;
};

/** The edge's own configuration, or every fault of it at once. */
export function readMcp(environment: Environment): Checked<McpConfig> {
  const read = readSettings(MCP_SETTINGS, environment);
  if (!read.ok) return read;
  const { value } = read;
  return {
    ok: true,
    value: {
      secret: value.AMS_MCP_SECRET === "" ? null : value.AMS_MCP_SECRET,
      origins: value.AMS_MCP_ORIGINS,
      oauth: value.AMS_OAUTH === "on",
      sessions: value.AMS_MCP_SESSIONS,
      sessionsPerAddress: value.AMS_MCP_SESSIONS_PER_ADDRESS,
      subscriptions: value.AMS_MCP_SUBSCRIPTIONS,
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

function secretText(about: string): Setting<string> {
  const read = z
    .string()
    .refine((text) => text === "" || text.length >= 32, "must have at least 32 characters");
  return { read, fallback: "", about, secret: true };
}
