/** What the workflow edge can be told by its environment. */
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSecrets } from "@ams/edge";
import { type JournalPlace, parseDurability } from "@ams/journal";
import {
  type Checked,
  type Environment,
  faultsOf,
  flag,
  integer,
  readSettings,
  secretText,
  text,
} from "@ams/process";

export const WORKFLOW_SETTINGS = {
  AMS_JOURNAL_REDIS_URL: secretText(
    "Where journals are kept: a Redis of their own (a database, a user or a server), never the wire's. 7.0 or later; single, Sentinel or Cluster.",
  ),
  AMS_JOURNAL_DIR: text(
    ".ams/journals",
    "Folder of journals where there is no AMS_JOURNAL_REDIS_URL. One process at a time.",
  ),
  AMS_JOURNAL_DURABILITY: text(
    "",
    "When an append is acknowledged: `memory` (the store has it; the default on Redis), `disk` (after fsync; the default in a folder) or `replicas:<n>`. Redis with `appendfsync everysec` may lose a second.",
  ),
  AMS_WORKFLOW_SECRET: secretText(
    "64 hex digits, several separated by commas: the keys of workflow conversations are made of the first, older ones keep theirs. Needed with Redis; in a folder it is made there.",
  ),
  AMS_WORKFLOW_CREDENTIAL: secretText(
    "Credential of the account by which the service joins conversations; the link's guest unless given.",
  ),
  AMS_WORKFLOW_WRITES_PER_MINUTE: integer(6_000, "Writes of one account a minute; 0 is off."),
  AMS_WORKFLOW_SPACES_PER_ACCOUNT: integer(
    1_000,
    "Workflow conversations that one account may open within a day; 0 is off.",
  ),
  AMS_DID_WEB: flag(
    false,
    "Whether did:web identities are resolved, by https to public addresses.",
  ),
  AMS_DID_WEB_HOSTS: text("", "`<name>:<port>`, comma-separated: did:web at other ports than 443."),
};

export type WorkflowConfig = {
  readonly place: JournalPlace;
  /** Called when the journals are open: in a folder the secret lies beside them. */
  readonly secrets: () => readonly string[];
  readonly credential: string | null;
  readonly writesPerMinute: number;
  readonly spacesPerAccount: number;
  readonly didWeb: { readonly isOn: boolean; readonly hosts: readonly string[] };
};

/** The settings, or every fault at once. */
export function readWorkflow(environment: Environment): Checked<WorkflowConfig> {
  const read = readSettings(WORKFLOW_SETTINGS, environment);
  const secrets = readSecrets(environment);
  const place = readPlace(environment);
  if (!read.ok || !secrets.ok || !place.ok)
    return { ok: false, faults: faultsOf(read, secrets, place) };
  const own = read.value;
  return {
    ok: true,
    value: {
      place: place.value,
      secrets: secrets.value,
      credential: own.AMS_WORKFLOW_CREDENTIAL,
      writesPerMinute: own.AMS_WORKFLOW_WRITES_PER_MINUTE,
      spacesPerAccount: own.AMS_WORKFLOW_SPACES_PER_ACCOUNT,
      didWeb: {
        isOn: own.AMS_DID_WEB,
        hosts: (own.AMS_DID_WEB_HOSTS ?? "").split(",").filter((host) => host !== ""),
      },
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
  if (url !== null) return { ok: true, value: { kind: "redis", url, durability } };
  const folder = environment.AMS_JOURNAL_DIR || WORKFLOW_SETTINGS.AMS_JOURNAL_DIR.fallback;
  return { ok: true, value: { kind: "embedded", folder, durability } };
}

function readSecrets(environment: Environment): Checked<() => readonly string[]> {
  const given = environment.AMS_WORKFLOW_SECRET || null;
  if (given !== null) {
    const secrets = parseSecrets(given);
    if (secrets !== null) return { ok: true, value: () => secrets };
    const fault = "AMS_WORKFLOW_SECRET must be 64 hex digits, several separated by commas";
    return { ok: false, faults: [fault] };
  }
  if (environment.AMS_JOURNAL_REDIS_URL)
    return { ok: false, faults: ["AMS_WORKFLOW_SECRET is needed with AMS_JOURNAL_REDIS_URL"] };
  const folder = environment.AMS_JOURNAL_DIR || WORKFLOW_SETTINGS.AMS_JOURNAL_DIR.fallback;
  return { ok: true, value: () => secretOfFolder(folder) };
}

/** Made once, for its owner alone. */
function secretOfFolder(folder: string): readonly string[] {
  const path = join(folder, "workflow.secret");
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
