/** What the environment sets for the authorization server. */
import {
  type AllowList,
  allowList,
  type Checked,
  type Environment,
  integer,
  OAUTH_SETTINGS,
  readSettings,
  type Setting,
  secretText,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";
import { z } from "zod";

const SECRET_CHARACTERS_MIN = 32;

export const OAUTH_EDGE_SETTINGS = {
  ...OAUTH_SETTINGS,
  AMS_OAUTH_SECRET: sealing(
    `Seals the keys behind grants: at least ${SECRET_CHARACTERS_MIN} characters, the same in every oauth process. Needed with AMS_OAUTH=on; a standalone makes one.`,
  ),
  AMS_OAUTH_REDIS_URL: secretText(
    "The Redis of the oauth edge, a database or user of its own, for clients, codes and grants. Without it a process of its own forgets them as it ends, and a standalone keeps them in its folder.",
  ),
  AMS_OAUTH_TRIES_PER_MINUTE: integer(
    60,
    "Registrations of clients, and as many requests for consent, per minute and address; past it 429. 0: any number.",
  ),
  AMS_OAUTH_CLIENT_HOSTS: allowList(
    "`host:port`s and CIDRs inside the network whose client metadata documents are fetched all the same, by http too; separated by commas. For tests and private networks.",
  ),
};

export type OAuthConfig = {
  readonly isOn: boolean;
  readonly secret: string | null;
  readonly redisUrl: string | null;
  /** Per address; 0 for any number. */
  readonly triesPerMinute: number;
  readonly clientHosts: AllowList;
};

export function readOAuth(environment: Environment): Checked<OAuthConfig> {
  const read = readSettings(OAUTH_EDGE_SETTINGS, environment);
  if (!read.ok) return read;
  const { value } = read;
  const url = value.AMS_OAUTH_REDIS_URL;
  const fault = url === null ? null : redisUrlFault("AMS_OAUTH_REDIS_URL", url);
  if (fault !== null) return { ok: false, faults: [fault] };
  return {
    ok: true,
    value: {
      isOn: value.AMS_OAUTH === "on",
      secret: value.AMS_OAUTH_SECRET === "" ? null : value.AMS_OAUTH_SECRET,
      redisUrl: url,
      triesPerMinute: value.AMS_OAUTH_TRIES_PER_MINUTE,
      clientHosts: value.AMS_OAUTH_CLIENT_HOSTS,
    },
  };
}

/** A process of its own has no secret unless it is given one. */
export function processFaults(environment: Environment): readonly string[] {
  const { AMS_OAUTH, AMS_OAUTH_SECRET } = environment;
  return AMS_OAUTH === "on" && !AMS_OAUTH_SECRET
    ? ["AMS_OAUTH_SECRET is needed with AMS_OAUTH=on"]
    : [];
}

function sealing(about: string): Setting<string> {
  const read = z
    .string()
    .refine(
      (secret) => secret === "" || secret.length >= SECRET_CHARACTERS_MIN,
      `must have at least ${SECRET_CHARACTERS_MIN} characters`,
    );
  return { read, fallback: "", about, secret: true };
}
