/** What control can be told by its environment. */
import { hostname } from "node:os";
import {
  choice,
  type Environment,
  flag,
  integer,
  LOG_LEVELS,
  optionalBaseUrl,
  optionalPort,
  PEPPER_SETTINGS,
  type PepperLists,
  readPeppers,
  readSettings,
  secretList,
  secretText,
  text,
  type ValuesOf,
} from "@ams/runtime";

/** Characters of an invite code: enough that it isn't guessed at the rate of account creation. */
const INVITE_CHARACTERS_MIN = 8;

/** What control does, alone or composed with a gateway in one process. */
export const controlSettings = {
  AMS_PUBLIC_URL: optionalBaseUrl(
    "Base URL of magic links. Without it, a link carries the address at which its mint was asked for.",
  ),
  AMS_TRUST_PROXY: flag(
    false,
    "Whether X-Forwarded-For, -Host and -Proto are believed. Only behind a proxy that sets them.",
  ),
  AMS_GUESTS: flag(true, "Whether somebody without an account may join by a link alone."),
  AMS_SIGNUP: choice(
    ["open", "invite", "closed"],
    "open",
    "Who may create an account: anybody, who has an invite code, or nobody.",
  ),
  AMS_INVITE_CODES: secretList(
    `Invite codes, at least ${INVITE_CHARACTERS_MIN} characters each, separated by commas. Needed with AMS_SIGNUP=invite.`,
    INVITE_CHARACTERS_MIN,
  ),
  AMS_ACCOUNTS_PER_MINUTE: integer(
    120,
    "Account creations tried per minute and address; 0: any number.",
  ),
  AMS_MINTS_PER_MINUTE: integer(600, "Conversations minted per minute and account; 0: any number."),
  AMS_STREAMS_PER_ACCOUNT: integer(
    10,
    "Streams that an account may hold at a time, in all its conversations together. Tell the gateways the same.",
  ),
  AMS_SUBSCRIBERS_PER_CONVERSATION: integer(
    100,
    "Subscribers that a conversation may hold at a time. Tell the gateways the same.",
  ),
};

/** What the control process needs besides. */
export const controlProcessSettings = {
  HOST: text("127.0.0.1", "Address to listen on."),
  PORT: integer(8081, "Port to listen on; 0 lets the system choose.", { max: 65_535 }),
  AMS_ADMIN_HOST: text("127.0.0.1", "Address that the admin port listens on."),
  AMS_ADMIN_PORT: optionalPort(
    "Port of /healthz, /livez, /readyz and /metrics; 0 lets the system choose.",
    "9091",
  ),
  AMS_REDIS_URL: secretText(
    "Where Redis is: redis://host:port, rediss://…, redis+sentinel://host:port,…/name or redis+cluster://host:port,… Needed.",
  ),
  AMS_INSTANCE: text(
    "",
    "This process's name in /healthz and in the log; the host name unless given.",
  ),
  AMS_LOG_LEVEL: choice(LOG_LEVELS, "info", "The least important level that is logged."),
  AMS_STOP_MS: integer(
    10_000,
    "Milliseconds that requests under way get to end when the process stops.",
  ),
};

export type SignUp =
  | { readonly policy: "open" }
  | { readonly policy: "invite"; readonly codes: readonly string[] }
  | { readonly policy: "closed" };

export type ControlConfig = {
  /** The name in `/healthz`. */
  readonly instance: string;
  /** Base URL of links, without a trailing slash; null takes the request's own. */
  readonly publicUrl: string | null;
  readonly trustProxy: boolean;
  readonly guests: boolean;
  readonly signUp: SignUp;
  /** Per address; 0 for any number. */
  readonly accountsPerMinute: number;
  /** Per account; 0 for any number. */
  readonly mintsPerMinute: number;
  readonly streamsPerAccount: number;
  readonly subscribersPerConversation: number;
};

/** The configuration that these values make, or what contradicts itself in them. */
export function toControlConfig(
  values: ValuesOf<typeof controlSettings>,
  instance: string | null,
): Checked<ControlConfig> {
  const signUp = toSignUp(values.AMS_SIGNUP, values.AMS_INVITE_CODES);
  if (signUp === null) {
    return { ok: false, faults: ["AMS_INVITE_CODES is needed with AMS_SIGNUP=invite"] };
  }
  return {
    ok: true,
    value: {
      instance: instance ?? hostname(),
      publicUrl: values.AMS_PUBLIC_URL,
      trustProxy: values.AMS_TRUST_PROXY,
      guests: values.AMS_GUESTS,
      signUp,
      accountsPerMinute: values.AMS_ACCOUNTS_PER_MINUTE,
      mintsPerMinute: values.AMS_MINTS_PER_MINUTE,
      streamsPerAccount: values.AMS_STREAMS_PER_ACCOUNT,
      subscribersPerConversation: values.AMS_SUBSCRIBERS_PER_CONVERSATION,
    },
  };
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly string[] };

export type ControlProcess = {
  readonly config: ControlConfig;
  readonly peppers: PepperLists;
  readonly redisUrl: string;
  readonly process: ValuesOf<typeof controlProcessSettings>;
};

/** All that the control process runs with, or every fault of it at once. */
export function readControlProcess(environment: Environment): Checked<ControlProcess> {
  const control = readSettings(controlSettings, environment);
  const own = readSettings(controlProcessSettings, environment);
  const pepperSettings = readSettings(PEPPER_SETTINGS, environment);
  const peppers = pepperSettings.ok ? readPeppers(pepperSettings.value) : pepperSettings;
  const config = control.ok
    ? toControlConfig(control.value, own.ok ? own.value.AMS_INSTANCE : null)
    : control;
  const { AMS_REDIS_URL } = controlProcessSettings;
  const redis = readSettings({ AMS_REDIS_URL }, environment);
  const redisUrl = redis.ok ? redis.value.AMS_REDIS_URL : null;
  if (config.ok && own.ok && peppers.ok && redisUrl !== null) {
    return {
      ok: true,
      value: { config: config.value, peppers: peppers.value, redisUrl, process: own.value },
    };
  }
  const missing = redisUrl === null ? ["AMS_REDIS_URL is needed"] : [];
  const faults = [config, own, peppers].flatMap((read) => (read.ok ? [] : read.faults));
  return { ok: false, faults: [...faults, ...missing] };
}

function toSignUp(policy: "open" | "invite" | "closed", codes: readonly string[]): SignUp | null {
  if (policy !== "invite") return { policy };
  return codes.length === 0 ? null : { policy, codes };
}
