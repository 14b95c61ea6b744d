/** Settings that every service of spaces has: journals, its secret, its limits, did:web. */
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type JournalPlace, parseDurability } from "@ams/journal";
import { type Checked, type Environment, faultsOf, flag, secretText, text } from "@ams/process";
import { parseSecrets } from "./secrets.ts";

export const JOURNAL_SETTINGS = {
  AMS_JOURNAL_REDIS_URL: secretText(
    "Where journals are kept: a Redis of their own (a database, a user or a server), never the wire's. 7.0 or later; single, Sentinel or Cluster.",
  ),
  AMS_JOURNAL_PREFIX: text(
    "ams-journal",
    "What keys and channels begin with in that Redis, 1 to 32 of `a-z`, `0-9` and `-`. Services that share a server have one each.",
  ),
  AMS_JOURNAL_DIR: text(
    ".ams/journals",
    "Folder of journals where there is no AMS_JOURNAL_REDIS_URL. One process at a time.",
  ),
  AMS_JOURNAL_DURABILITY: text(
    "",
    "When an append is acknowledged: `memory` (the store has it; the default on Redis), `disk` (after fsync; the default in a folder) or `replicas:<n>`. Redis with `appendfsync everysec` may lose a second.",
  ),
};

export const DID_WEB_SETTINGS = {
  AMS_DID_WEB: flag(
    false,
    "Whether did:web identities are resolved, by https to public addresses.",
  ),
  AMS_DID_WEB_HOSTS: text("", "`<name>:<port>`, comma-separated: did:web at other ports than 443."),
};

export type SpaceConfig = {
  readonly place: JournalPlace;
  /** Called when the journals are open: in a folder the secret lies beside them. */
  readonly secrets: () => readonly string[];
  readonly credential: string | null;
  readonly writesPerMinute: number;
  readonly spacesPerAccount: number;
  readonly didWeb: { readonly isOn: boolean; readonly hosts: readonly string[] };
};

/** What the settings of a service by this name have read already. */
export type SpaceSettings = {
  readonly credential: string | null;
  readonly writesPerMinute: number;
  readonly spacesPerAccount: number;
  readonly AMS_DID_WEB: boolean;
  readonly AMS_DID_WEB_HOSTS: string | null;
};

/** With what `service` has read itself; or every fault at once. */
export function readSpaceConfig(
  service: string,
  environment: Environment,
  read: SpaceSettings,
): Checked<SpaceConfig> {
  const secrets = readSecrets(service, environment);
  const place = readPlace(environment);
  if (!secrets.ok || !place.ok) return { ok: false, faults: faultsOf(secrets, place) };
  const { credential, writesPerMinute, spacesPerAccount } = read;
  const hosts = (read.AMS_DID_WEB_HOSTS ?? "").split(",").filter((host) => host !== "");
  return {
    ok: true,
    value: {
      ...{ place: place.value, secrets: secrets.value, credential },
      ...{ writesPerMinute, spacesPerAccount, didWeb: { isOn: read.AMS_DID_WEB, hosts } },
    },
  };
}

function readPlace(environment: Environment): Checked<JournalPlace> {
  const url = environment.AMS_JOURNAL_REDIS_URL || null;
  const durability = parseDurability(environment.AMS_JOURNAL_DURABILITY || null, url !== null);
  if (durability === null) {
    const fault =
      "AMS_JOURNAL_DURABILITY must be memory, disk or, on Redis, replicas:<n> with n from 1 to 99";
    return { ok: false, faults: [fault] };
  }
  const prefix = environment.AMS_JOURNAL_PREFIX || JOURNAL_SETTINGS.AMS_JOURNAL_PREFIX.fallback;
  if (!/^[a-z0-9-]{1,32}$/.test(prefix)) {
    const fault = "AMS_JOURNAL_PREFIX must have 1 to 32 characters of a-z, 0-9 and -";
    return { ok: false, faults: [fault] };
  }
  if (url !== null) return { ok: true, value: { kind: "redis", url, durability, prefix } };
  const folder = environment.AMS_JOURNAL_DIR || JOURNAL_SETTINGS.AMS_JOURNAL_DIR.fallback;
  return { ok: true, value: { kind: "embedded", folder, durability } };
}

function readSecrets(service: string, environment: Environment): Checked<() => readonly string[]> {
  const name = `AMS_${service.toUpperCase()}_SECRET`;
  const given = environment[name] || null;
  if (given !== null) {
    const secrets = parseSecrets(given);
    if (secrets !== null) return { ok: true, value: () => secrets };
    const fault = `${name} must be 64 hex digits, several separated by commas`;
    return { ok: false, faults: [fault] };
  }
  if (environment.AMS_JOURNAL_REDIS_URL)
    return { ok: false, faults: [`${name} is needed with AMS_JOURNAL_REDIS_URL`] };
  const folder = environment.AMS_JOURNAL_DIR || JOURNAL_SETTINGS.AMS_JOURNAL_DIR.fallback;
  return { ok: true, value: () => secretOfFolder(folder, service) };
}

/** Made once, for its owner alone. */
function secretOfFolder(folder: string, service: string): readonly string[] {
  const path = join(folder, `${service}.secret`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  const secrets = parseSecrets(readFileSync(path, "utf8").trim());
  if (secrets === null) throw new Error(`${path} is not a secret of 64 hex digits`);
  return secrets;
}
