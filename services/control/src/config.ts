/** What control can be told by its environment. */
import { hostname } from "node:os";
import {
  choice,
  DEPLOYMENT_SETTINGS,
  type Environment,
  flag,
  integer,
  optionalBaseUrl,
  PEPPER_SETTINGS,
  type PepperLists,
  processSettings,
  readPeppers,
  readSettings,
  secretList,
  type ValuesOf,
} from "@ams/runtime";

/** Characters of an invite code: enough that it isn't guessed at the rate of account creation. */
const INVITE_CHARACTERS_MIN = 8;

/** What control does, alone or composed with a gateway in one process. */
export const CONTROL_SETTINGS = {
  AMS_PUBLIC_URL: optionalBaseUrl(
    "Base URL of magic links. Without it, a link carries the address at which its mint was asked for.",
  ),
  AMS_TRUST_PROXY: flag(
    false,
    "Whether X-Forwarded-For, -Host and -Proto are believed. Only behind a proxy that sets them.",
  ),
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
  AMS_MINTS_PER_MINUTE: integer(
    600,
    "Mints tried per minute and account, refused ones included; 0: any number.",
  ),
  ...DEPLOYMENT_SETTINGS,
};

/** What the control process needs besides. */
export const CONTROL_PROCESS_SETTINGS = {
  ...processSettings({ port: 8081, adminPort: "9091", logLevel: "info" }),
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
  values: ValuesOf<typeof CONTROL_SETTINGS>,
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
  readonly process: ValuesOf<typeof CONTROL_PROCESS_SETTINGS>;
};

/** All that the control process runs with, or every fault of it at once. */
export function readControlProcess(environment: Environment): Checked<ControlProcess> {
  const control = readSettings(CONTROL_SETTINGS, environment);
  const own = readSettings(CONTROL_PROCESS_SETTINGS, environment);
  const pepperSettings = readSettings(PEPPER_SETTINGS, environment);
  const peppers = pepperSettings.ok ? readPeppers(pepperSettings.value) : pepperSettings;
  const config = control.ok
    ? toControlConfig(control.value, own.ok ? own.value.AMS_INSTANCE : null)
    : control;
  const { AMS_REDIS_URL } = CONTROL_PROCESS_SETTINGS;
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
