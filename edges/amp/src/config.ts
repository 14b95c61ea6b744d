/** What the environment sets for the provider. */
import { isDomain } from "@ams/amp";
import {
  allowList,
  type Checked,
  choice,
  type Environment,
  flag,
  integer,
  optionalBaseUrl,
  optionalName,
  readSettings,
  type Setting,
  secretList,
  secretText,
  text,
  type ValuesOf,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";
import { z } from "zod";

/** Characters of a secret: what `openssl rand -hex 16` gives. */
const SECRET_CHARACTERS_MIN = 32;

/** A count per time; 0 for none. */
function rate(fallback: number, what: string): Setting<number> {
  return integer(fallback, `${what}; past it 429, and 0 for no limit.`);
}

export const AMP_SETTINGS = {
  AMS_AMP_PORT: portOrOff(
    "Port of AMP. In a standalone PORT + 4 unless given, `off` for none; a process of its own takes PORT where this isn't given.",
  ),
  AMS_AMP_DOMAIN: domain("ams.local", "The provider's domain: what its addresses end with."),
  AMS_AMP_PUBLIC_URL: optionalBaseUrl(
    "Base URL at which agents reach AMP, before /v1. Without it, the address at which they asked.",
  ),
  AMS_AMP_INSECURE: flag(false, "Whether AMS_AMP_PUBLIC_URL may be http on a public host."),
  AMS_AMP_SECRET: secretList(
    "Secrets of at least 32 characters, separated by commas: API keys are kept as HMACs under them, and what is sealed is sealed under them. The first one writes, all read. Needed; a standalone makes its own.",
    SECRET_CHARACTERS_MIN,
  ),
  AMS_AMP_REDIS_URL: secretText(
    "The Redis of AMP, a database or user of its own. Without it, its state is in the folder AMS_DATA/amp, and one process alone can have it.",
  ),
  AMS_DATA: text(".ams", "The folder in which `amp` is made where AMS_AMP_REDIS_URL isn't given."),
  AMS_AMP_PROVIDER_KEY_FILE: text(
    "",
    "File with the provider's private key, PKCS#8 in PEM. Without it, one is made once and kept sealed in the store.",
  ),
  AMS_AMP_REGISTRATION: optionalName(
    /^(?:open|invite|verified|admin)$/,
    "must be one of open, invite, verified, admin",
    "Who may register agents in a tenant that no file names: `open`, `invite`, `verified` or `admin`. Without it `open` on .local, .internal and .localhost, else `admin`.",
  ),
  AMS_AMP_TENANTS_FILE: text("", "JSON file of the operator's tenants; read again on SIGHUP."),
  AMS_AMP_ADMIN_TOKENS: secretList("Bearer tokens of administrators.", SECRET_CHARACTERS_MIN),
  AMS_AMP_SIGNATURES: choice(
    ["optional", "required"],
    "optional",
    "Whether messages without a signature are refused.",
  ),
  AMS_AMP_KEY_ENV: choice(["live", "test"], "live", "What API keys are called: amp_<this>_sk_…."),
  AMS_AMP_AGENTS_PER_TENANT: integer(1_000, "Agents that a tenant may have.", { min: 1 }),
  AMS_AMP_ATTACHMENT_BYTES_PER_TENANT: integer(
    1_073_741_824,
    "Bytes of attachments that a tenant may upload in 7 days.",
  ),
  AMS_AMP_QUEUE_MAX: integer(1_000, "Messages that wait for an agent at a time; past it 429.", {
    min: 1,
  }),
  AMS_AMP_CONTACT: text("", "Whom to ask about this provider; shown in its discovery document."),
  AMS_AMP_CREDENTIAL: secretText(
    "Credential of the AMS account that has all inboxes. Without it, an account is made for each tenant.",
  ),
  AMS_AMP_INBOX_SOCKETS: integer(20_000, "Inbox sockets that a process holds at a time."),
  AMS_AMP_WEBHOOK_ALLOW: allowList(
    "host:port and CIDRs that webhooks may reach although they are inside, http included, separated by commas. For tests and private networks.",
  ),
  AMS_AMP_FEDERATION: optionalName(
    /^(?:closed|allowlist|open)$/,
    "must be one of closed, allowlist, open",
    "With which providers messages are exchanged: `closed`, `allowlist` (those of AMS_AMP_PEERS) or `open`. Without it `allowlist` where there are peers, else `closed`.",
  ),
  AMS_AMP_PEERS: peers("Known providers, as domain=base URL, separated by commas."),
  AMS_AMP_MESH_FILE: text("", "JSON file of the hosts of this local network."),
  AMS_AMP_CONTENT_POLICY: choice(
    ["flag", "enforce"],
    "flag",
    "What happens to messages with hints of injection from outside the tenant: `flag` delivers all with their flags, `enforce` refuses or quarantines the worst.",
  ),
  AMS_AMP_RISK_WEBHOOK: text("", "URL that is called when an agent crosses a level of risk."),
  AMS_AMP_RISK_SUSPEND: flag(false, "Whether the highest level of risk suspends an agent."),
  AMS_AMP_REGISTRATIONS_PER_MINUTE: rate(10, "Registrations per minute and address"),
  AMS_AMP_ROUTES_PER_MINUTE: rate(60, "Messages that an agent sends per minute"),
  AMS_AMP_ROUTES_PER_HOUR: rate(500, "Messages that an agent sends per hour"),
  AMS_AMP_RECEIVED_PER_MINUTE: rate(120, "Messages that an agent receives per minute"),
  AMS_AMP_PENDING_PER_MINUTE: rate(30, "Reads of the queue per minute and agent"),
  AMS_AMP_UPLOADS_PER_MINUTE: rate(20, "Uploads, and confirms, per minute and agent"),
  AMS_AMP_REQUESTS_PER_MINUTE: rate(100, "Other requests per minute and agent, or address"),
  AMS_AMP_BAD_BEARERS_PER_MINUTE: rate(30, "Wrong bearers per minute and address"),
};

export type AmpSettings = ValuesOf<typeof AMP_SETTINGS>;

export type RegistrationMode = "open" | "invite" | "verified" | "admin";
export type FederationMode = "closed" | "allowlist" | "open";

export type AmpConfig = AmpSettings & {
  readonly registration: RegistrationMode;
  readonly federation: FederationMode;
  /** Whether the domain is one that only a local network knows. */
  readonly isLocal: boolean;
};

const LOCAL = /\.(?:local|internal|localhost)$/;

/** All of it, or every fault at once. */
export function readAmp(environment: Environment): Checked<AmpConfig> {
  const read = readSettings(AMP_SETTINGS, environment);
  const redis = environment.AMS_AMP_REDIS_URL ?? "";
  const redisFault = redis === "" ? null : redisUrlFault("AMS_AMP_REDIS_URL", redis);
  const faults = [...(read.ok ? [] : read.faults), ...(redisFault === null ? [] : [redisFault])];
  if (!read.ok || faults.length > 0) return { ok: false, faults };
  const { value } = read;
  if (value.AMS_AMP_PUBLIC_URL?.startsWith("http:") && !value.AMS_AMP_INSECURE) {
    const { hostname } = new URL(value.AMS_AMP_PUBLIC_URL);
    if (!isInside(hostname)) {
      const fault =
        "AMS_AMP_PUBLIC_URL must be https on a public host: put AMP behind TLS, or set AMS_AMP_INSECURE=true";
      return { ok: false, faults: [fault] };
    }
  }
  const isLocal = LOCAL.test(value.AMS_AMP_DOMAIN);
  return {
    ok: true,
    value: {
      ...value,
      isLocal,
      registration: modeOf(value.AMS_AMP_REGISTRATION) ?? (isLocal ? "open" : "admin"),
      federation: isLocal ? "closed" : federationOf(value),
    },
  };
}

/** What only a process of its own needs. */
export function ampProcessFaults({ AMS_AMP_SECRET: secret = "" }: Environment): readonly string[] {
  return secret === ""
    ? ["AMS_AMP_SECRET is needed: make one with `openssl rand -hex 32` and keep it"]
    : [];
}

function modeOf(name: string | null): RegistrationMode | null {
  switch (name) {
    case "open":
    case "invite":
    case "verified":
    case "admin":
      return name;
    default:
      return null;
  }
}

function federationOf({ AMS_AMP_FEDERATION: mode, AMS_AMP_PEERS }: AmpSettings): FederationMode {
  if (mode === "open" || mode === "closed" || mode === "allowlist") return mode;
  return AMS_AMP_PEERS.size > 0 ? "allowlist" : "closed";
}

const PRIVATE =
  /^(?:localhost|127\..*|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|\[::1\]|\[f[cd].*)$/;

function isInside(hostname: string): boolean {
  return PRIVATE.test(hostname) || LOCAL.test(hostname) || !hostname.includes(".");
}

function domain(fallback: string, about: string): Setting<string> {
  const read = z
    .string()
    .transform((value) => value.toLowerCase())
    .refine(isDomain, "must be a domain of two or more labels");
  return { read, fallback, about, secret: false };
}

function portOrOff(about: string): Setting<number | "off" | null> {
  const read = z
    .string()
    .regex(/^(?:off|\d{0,5})$/, "must be a port or off")
    .transform((value) => {
      if (value === "off") return "off";
      return value === "" ? null : Number(value);
    })
    .refine((port) => typeof port !== "number" || port <= 65_535, "must be a port or off");
  return { read, fallback: "", about, secret: false };
}

function peers(about: string): Setting<ReadonlyMap<string, string>> {
  const read = z
    .string()
    .transform((listed) => listed.split(",").flatMap((one) => one.trim() || []))
    .transform((all) => all.map((one) => [...splitOnce(one)] as const))
    .refine(
      (all) => all.every(([name, url]) => isDomain(name) && /^https?:\/\//.test(url)),
      "must be of the form example.org=https://amp.example.org, separated by commas",
    )
    .transform(
      (all) => new Map(all.map(([name, url]) => [name.toLowerCase(), url.replace(/\/$/, "")])),
    );
  return { read, fallback: "", about, secret: false };
}

function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
