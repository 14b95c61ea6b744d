/** What control can be configured by its environment. */

import { hostname } from "node:os";
import {
  type AllowList,
  CPU_SETTINGS,
  choice,
  DEPLOYMENT_SETTINGS,
  type Environment,
  EVENT_SETTINGS,
  faultsOf,
  IDENTITY_SETTINGS,
  type IssuerSettings,
  integer,
  PEPPER_SETTINGS,
  type PepperLists,
  processSettings,
  REACHED_SETTINGS,
  type Reached,
  readIdentity,
  readPepperSettings,
  readSettings,
  STOP_SETTINGS,
  secretList,
  type ValuesOf,
} from "@ams/process";
import { REPLAY_TTL_S_MAX } from "@ams/protocol";
import { redisUrlFault } from "@ams/store";

/** Characters of an invite code: enough that it isn't guessed at the rate of account creation. */
const INVITE_CHARACTERS_MIN = 8;

/** What control does, alone or composed with a gateway in one process. */
export const CONTROL_SETTINGS = {
  ...REACHED_SETTINGS,
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
  AMS_ROTATIONS_PER_MINUTE: integer(
    10,
    "Rotations of its credential tried per minute and account; 0: any number.",
  ),
  AMS_CONVERSATIONS_PER_ACCOUNT: integer(
    10_000,
    "Conversations that an account may have at a time; past it a mint is 403. The `limits` command sets it for one account. 0: any number.",
  ),
  AMS_REPLAY_TTL_S_MAX: integer(
    REPLAY_TTL_S_MAX,
    "Seconds for which a conversation may keep its frames, as its mint asks for; 0: no replay here.",
    { max: REPLAY_TTL_S_MAX },
  ),
  AMS_REPLAY_BYTES_MAX: integer(
    134_217_728,
    "Bytes of frames that a conversation may keep, as its mint asks for; below 1024: no replay here.",
  ),
  ...EVENT_SETTINGS,
  ...CPU_SETTINGS,
  ...DEPLOYMENT_SETTINGS,
  ...IDENTITY_SETTINGS,
};

/** What the control process needs besides. */
export const CONTROL_PROCESS_SETTINGS = {
  ...processSettings({ port: 8081, adminPort: "9091", logLevel: "info" }),
  ...PEPPER_SETTINGS,
  ...STOP_SETTINGS,
};

export type SignUp =
  | { readonly policy: "open" }
  | { readonly policy: "invite"; readonly codes: readonly string[] }
  | { readonly policy: "closed" };

export type ControlConfig = Reached & {
  /** See `HostNames`. */
  readonly allowedHosts: readonly string[];
  /** The name in `/healthz`. */
  readonly instance: string;
  readonly guests: boolean;
  readonly signUp: SignUp;
  /** Whose JWTs are bearers; null for nobody's. */
  readonly issuer: IssuerSettings | null;
  /** Per address; 0 for any number. */
  readonly accountsPerMinute: number;
  /** Per account; 0 for any number. */
  readonly mintsPerMinute: number;
  /** Per account; 0 for any number. */
  readonly rotationsPerMinute: number;
  /** Estimated milliseconds of CPU time per second; 0 for any. */
  readonly addressCpuMsPerSecond: number;
  /** The same, for an account and for a conversation's link. */
  readonly accountCpuMsPerSecond: number;
  /** 0 for no replay. */
  readonly replayTtlSMax: number;
  readonly replayBytesMax: number;
  /** Secrets of who fetches the events of webhooks; none: there are no webhooks. */
  readonly eventSecrets: readonly string[];
  readonly eventTargets: AllowList;
  readonly streamsPerAccount: number;
  readonly guestsPerAccount: number;
  /** 0 for any number. */
  readonly conversationsPerAccount: number;
  readonly subscribersPerConversation: number;
};

/** Control's configuration from the environment, or every fault of it at once. */
export function readControl(
  environment: Environment,
  instance: string | null,
): Checked<ControlConfig> {
  const read = readSettings(CONTROL_SETTINGS, environment);
  const signUp = readSignUp(environment);
  const issuer = readIdentity(environment);
  if (!read.ok || !signUp.ok || !issuer.ok) {
    return { ok: false, faults: [...new Set(faultsOf(read, signUp, issuer))] };
  }
  const { value } = read;
  return {
    ok: true,
    value: {
      instance: instance ?? hostname(),
      publicUrl: value.AMS_PUBLIC_URL,
      trustProxy: value.AMS_TRUST_PROXY,
      allowedHosts: value.AMS_ALLOWED_HOSTS,
      guests: value.AMS_GUESTS,
      signUp: signUp.value,
      issuer: issuer.value,
      accountsPerMinute: value.AMS_ACCOUNTS_PER_MINUTE,
      mintsPerMinute: value.AMS_MINTS_PER_MINUTE,
      rotationsPerMinute: value.AMS_ROTATIONS_PER_MINUTE,
      addressCpuMsPerSecond: value.AMS_ADDRESS_CPU_MS_PER_SECOND,
      accountCpuMsPerSecond: value.AMS_ACCOUNT_CPU_MS_PER_SECOND,
      replayTtlSMax: value.AMS_REPLAY_TTL_S_MAX,
      replayBytesMax: value.AMS_REPLAY_BYTES_MAX,
      eventSecrets: value.AMS_HOOKS_SECRET,
      eventTargets: value.AMS_HOOKS_ALLOW,
      streamsPerAccount: value.AMS_STREAMS_PER_ACCOUNT,
      guestsPerAccount: value.AMS_GUESTS_PER_ACCOUNT,
      conversationsPerAccount: value.AMS_CONVERSATIONS_PER_ACCOUNT,
      subscribersPerConversation: value.AMS_SUBSCRIBERS_PER_CONVERSATION,
    },
  };
}

/**
 * The two settings of signing up, which must fit each other; read apart, so that no other fault
 * hides theirs.
 */
function readSignUp(environment: Environment): Checked<SignUp> {
  const { AMS_SIGNUP, AMS_INVITE_CODES } = CONTROL_SETTINGS;
  const read = readSettings({ AMS_SIGNUP, AMS_INVITE_CODES }, environment);
  if (!read.ok) return read;
  const { AMS_SIGNUP: policy, AMS_INVITE_CODES: codes } = read.value;
  if (policy !== "invite") return { ok: true, value: { policy } };
  if (codes.length > 0) return { ok: true, value: { policy, codes } };
  return { ok: false, faults: ["AMS_INVITE_CODES is needed with AMS_SIGNUP=invite"] };
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
  const own = readSettings(CONTROL_PROCESS_SETTINGS, environment);
  const config = readControl(environment, environment.AMS_INSTANCE || null);
  const peppers = readPepperSettings(environment);
  const redis = readRedisUrl(environment);
  if (!own.ok || !config.ok || !peppers.ok || !redis.ok) {
    return { ok: false, faults: faultsOf(config, own, peppers, redis) };
  }
  const value = { config: config.value, peppers: peppers.value, process: own.value };
  return { ok: true, value: { ...value, redisUrl: redis.value } };
}

function readRedisUrl({ AMS_REDIS_URL: url = "" }: Environment): Checked<string> {
  const fault = url === "" ? "AMS_REDIS_URL is needed" : redisUrlFault("AMS_REDIS_URL", url);
  return fault === null ? { ok: true, value: url } : { ok: false, faults: [fault] };
}
