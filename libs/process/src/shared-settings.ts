/**
 * Settings that more than one service has. A service adds them to its own, so that a name means the
 * same thing, and has the same default and the same sentence, wherever it is read.
 */
import { z } from "zod";
import { hostNameOf } from "./hosts.ts";
import { LOG_LEVELS } from "./log.ts";
import { allowList } from "./net/addresses.ts";
import {
  choice,
  flag,
  integer,
  optionalBaseUrl,
  optionalName,
  optionalPort,
  type Setting,
  secretList,
  secretText,
  text,
} from "./settings.ts";

/** Bounded, and without what has a meaning in keys, in key patterns and in hash tags. */
const REDIS_PREFIX = /^[a-z0-9][a-z0-9_.-]{0,31}$/;

/** What control and the sender of webhooks share. */
export const EVENT_SETTINGS = {
  AMS_HOOKS_SECRET: secretList(
    "Secrets of at least 32 characters, separated by commas, that control shares with the process that sends webhooks: it shows one to fetch events, and the secrets of webhooks are sealed under them. The first one writes, all read. Without it there are no webhooks.",
    32,
  ),
  AMS_HOOKS_ALLOW: allowList(
    "Targets inside that webhooks may reach: host:port and CIDRs, separated by commas.",
  ),
};

/** Every process has these; ports and log level differ in their defaults only. */
export function processSettings(defaults: {
  readonly port: number;
  /** Empty for none. */
  readonly adminPort: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}) {
  return {
    HOST: text(
      "127.0.0.1",
      "Address that the public port listens on. 0.0.0.0 or :: to be reached from other machines.",
    ),
    PORT: integer(defaults.port, "The public port; 0 lets the system choose.", { max: 65_535 }),
    AMS_ADMIN_HOST: text("127.0.0.1", "Address that the admin port listens on."),
    AMS_ADMIN_PORT: optionalPort(
      "Port of /healthz, /livez, /readyz and /metrics; 0 lets the system choose.",
      defaults.adminPort,
    ),
    AMS_INSTANCE: text(
      "",
      "This process's name in /healthz and in the log; the host name unless given.",
    ),
    AMS_LOG_LEVEL: choice(
      LOG_LEVELS,
      defaults.logLevel,
      "The least important level that is logged.",
    ),
    AMS_REDIS_URL: secretText(
      "Where Redis is: redis://host:port, rediss://…, redis+sentinel://host:port,…/master or redis+cluster://host:port,… Needed; standalone keeps its state in its folder without it.",
    ),
    AMS_REDIS_PREFIX: optionalName(
      REDIS_PREFIX,
      "must be 1 to 32 of a-z, 0-9, _, . and -, and begin with a letter or digit",
      "What the names of keys and channels in Redis begin with, before a colon. Without it `ams` in database 0 and `ams:N` in database N, so that each database is a deployment of its own. The same for every process of a deployment.",
    ),
  };
}

/** Of every process with a public port: which host names it answers to. See `hostRuleOf`. */
export const HOST_SETTINGS = {
  AMS_PUBLIC_URL: optionalBaseUrl(
    "Base URL of magic links. Without it, a link carries the address at which its mint was asked for.",
  ),
  AMS_ALLOWED_HOSTS: hostList(
    "Host names that requests may name besides loopback's and that of AMS_PUBLIC_URL, separated by commas; any other is refused (403, 4400 `host_not_allowed`). A process that isn't bound to loopback takes any name as long as this is empty.",
  ),
};

/** Where the deployment is reached: what makes links, or shows them, must know. See `Reached`. */
export const REACHED_SETTINGS = {
  ...HOST_SETTINGS,
  AMS_TRUST_PROXY: flag(
    false,
    "Whether X-Forwarded-For, -Host and -Proto are believed. Only behind a proxy that sets them.",
  ),
};

/** Of a process that answers HTTP: how its CPU time is shared. See `createMeters`. */
export const CPU_SETTINGS = {
  AMS_ADDRESS_CPU_MS_PER_SECOND: integer(
    250,
    "Milliseconds of this process's CPU time per second, as estimated, that an address may use by HTTP requests without a right credential or link; four times as much at once; past it 429. This machine's own addresses are free. 0: no limit.",
  ),
  AMS_ACCOUNT_CPU_MS_PER_SECOND: integer(
    500,
    "The same for an account, and for those who show a conversation's link. 0: no limit.",
  ),
};

/** Of a process that answers HTTP. */
export const STOP_SETTINGS = {
  AMS_STOP_MS: integer(
    10_000,
    "Milliseconds that requests under way get to end when the process stops.",
  ),
};

/**
 * An edge in a process of its own: an outsider that is configured with the address of the
 * deployment, and needs no Redis.
 */
export function edgeProcessSettings(defaults: {
  readonly port: number;
  readonly adminPort: string;
}) {
  const {
    AMS_REDIS_URL: _url,
    AMS_REDIS_PREFIX: _prefix,
    ...settings
  } = processSettings({ ...defaults, logLevel: "info" });
  return {
    ...settings,
    AMS_URL: optionalBaseUrl("Where this process reaches the deployment. Needed."),
    ...REACHED_SETTINGS,
    ...CPU_SETTINGS,
    ...STOP_SETTINGS,
  };
}

/** Of the edges that connectors sign in at: MCP and oauth need the same. */
export const OAUTH_SETTINGS = {
  AMS_OAUTH: choice(
    ["off", "on"],
    "off",
    "Whether MCP connectors sign in by OAuth: then `/mcp` without a bearer is 401 and says where. The same for the MCP edge and the oauth edge. Magic links never need it.",
  ),
};

/** What every gateway and control of one deployment must be given alike. */
export const DEPLOYMENT_SETTINGS = {
  AMS_GUESTS: flag(true, "Whether somebody without an account may join by a link alone."),
  AMS_STREAMS_PER_ACCOUNT: integer(
    10,
    "Streams that an account may hold at a time, in all its conversations together; past it 4003. The `limits` command sets it for one account.",
    { min: 1 },
  ),
  AMS_GUESTS_PER_ACCOUNT: integer(
    1_000,
    "Guests that all conversations of one account may hold at a time, together; past it 4003, and with 0 no guest. The `limits` command sets it for one account.",
  ),
  AMS_SUBSCRIBERS_PER_CONVERSATION: integer(
    100,
    "Subscribers that a conversation may hold at a time; past it 4003. The `limits` command sets it for one account's conversations.",
    { min: 1 },
  ),
};

/** Comma-separated host names; a port is taken and ignored. */
function hostList(about: string): Setting<readonly string[]> {
  const read = z
    .string()
    .transform((listed) => listed.split(",").flatMap((one) => one.trim() || []))
    .refine(
      (hosts) => hosts.every((host) => hostNameOf(host) !== null),
      "must be host names such as ams.example.org, separated by commas",
    )
    .transform((hosts) => hosts.flatMap((host) => hostNameOf(host) ?? []));
  return { read, fallback: "", about, secret: false };
}
