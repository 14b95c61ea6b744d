/**
 * Profiles: which account of whose deployment, kept in the user's config folder, one file each. The
 * folder is for its owner alone (0700), and so is each file (0600), which is written whole beside
 * the old one and then replaces it.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { CliError } from "../faults/fault.ts";

export type Profile = {
  /** The deployment that the account is of: its credential goes nowhere else. */
  readonly url: string;
  readonly namespace: string;
  readonly accountId: string;
  readonly credential: string;
};

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** The bits that let others in. */
const OTHERS = 0o077;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const DEFAULT_NAME = "default";

export function configFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: base = "" } = env;
  // A relative path there is to be ignored, says the XDG specification.
  return join(isAbsolute(base) ? base : join(home(), ".config"), "ams");
}

/**
 * HOME, unless it is empty or relative: a credential must not land in the folder where one happens
 * to be.
 */
function home(): string {
  const found = [homedir(), userInfo().homedir].find(isAbsolute);
  if (found !== undefined) return found;
  throw new CliError("config_unusable", "There is no home folder: set HOME or XDG_CONFIG_HOME.");
}

/** The profile's name: as given, else AMS_PROFILE, else `default`. */
export function profileName(given: string | undefined): string {
  const name = given ?? (process.env.AMS_PROFILE || DEFAULT_NAME);
  if (NAME.test(name)) return name;
  throw new CliError(
    "bad_usage",
    "A profile's name is 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit.",
  );
}

export function profilePath(name: string): string {
  return join(configFolder(), `${name}.json`);
}

/**
 * The profile, or null when there is none. `warn` is called when others could have read it, which
 * is repaired.
 */
export async function readProfile(
  name: string,
  warn: (sentence: string) => void,
): Promise<Profile | null> {
  const path = profilePath(name);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
    throw unusable(path, "read", error);
  });
  if (text === null) return null;
  await closeToOthers(path, warn);
  const profile = parseProfile(text);
  if (profile !== null) return profile;
  throw new CliError("config_unusable", `${path} is not a profile of ams: repair or remove it.`);
}

/** The names of all profiles, sorted. */
export async function listProfiles(): Promise<readonly string[]> {
  const files = await readdir(configFolder()).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw unusable(configFolder(), "read", error);
  });
  const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5));
  return names.filter((name) => NAME.test(name)).sort();
}

/**
 * A file that is open and waits for its content, so that nothing is asked of a deployment that
 * can't be kept afterwards.
 */
export type ProfileDraft = {
  readonly path: string;
  readonly save: (profile: Profile) => Promise<void>;
  /** Leaves everything as it was; calling it after `save` does nothing. */
  readonly discard: () => Promise<void>;
};

export async function draftProfile(name: string): Promise<ProfileDraft> {
  const path = profilePath(name);
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await mkdir(configFolder(), { recursive: true, mode: FOLDER_MODE });
    await chmod(configFolder(), FOLDER_MODE);
    const file = await open(draft, "wx", FILE_MODE);
    const discard = async () => {
      await file.close().catch(() => {});
      await rm(draft, { force: true });
    };
    const save = async (profile: Profile) => {
      try {
        await file.writeFile(`${JSON.stringify(fieldsOf(profile), null, 2)}\n`);
        await file.sync();
        await file.close();
        await rename(draft, path);
      } catch (error) {
        throw unusable(path, "written", error);
      }
    };
    return { path, save, discard };
  } catch (error) {
    throw unusable(configFolder(), "written", error);
  }
}

export async function removeProfile(name: string): Promise<void> {
  const path = profilePath(name);
  await rm(path, { force: true }).catch((error: unknown) => {
    throw unusable(path, "removed", error);
  });
}

async function closeToOthers(path: string, warn: (sentence: string) => void): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & OTHERS) === 0) return;
  await chmod(path, FILE_MODE).catch((error: unknown) => {
    throw unusable(path, "closed to others, who can read its credential,", error);
  });
  warn(
    `ams: Others could read ${path}; it is closed to them now, and \`ams account rotate --grace 0\` makes worthless what they read.`,
  );
}

function fieldsOf({ url, namespace, accountId, credential }: Profile) {
  return { url, namespace, account_id: accountId, credential };
}

function parseProfile(text: string): Profile | null {
  try {
    const { url, namespace, account_id: accountId, credential } = Object(JSON.parse(text));
    const texts: readonly unknown[] = [url, namespace, accountId, credential];
    return texts.every((value) => typeof value === "string" && value !== "")
      ? { url, namespace, accountId, credential }
      : null;
  } catch {
    return null;
  }
}

function unusable(path: string, done: string, error: unknown): CliError {
  const why = codeOf(error) === "" ? "" : ` (${codeOf(error)})`;
  return new CliError("config_unusable", `${path} can't be ${done}${why}.`, { path }, error);
}

function codeOf(error: unknown): string {
  const { code } = Object(error);
  return typeof code === "string" ? code : "";
}
