/**
 * The two lists of peppers, from the environment or from a file. A service without them doesn't
 * start: there is no default secret.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Environment, readSettings, secretList, text } from "./settings.ts";

/** Characters of a pepper: 32 random bytes in hex or base64 have more. */
const PEPPER_CHARACTERS_MIN = 32;

export const PEPPER_SETTINGS = {
  AMS_CREDENTIAL_PEPPERS: secretList(
    `Secrets under which credentials are hashed, at least ${PEPPER_CHARACTERS_MIN} characters each, separated by commas: the first writes, all verify. Needed, here or in the file.`,
    PEPPER_CHARACTERS_MIN,
  ),
  AMS_LINK_PEPPERS: secretList(
    "Secrets under which link tokens are hashed, likewise. The first also makes stream ids: a change of it changes them.",
    PEPPER_CHARACTERS_MIN,
  ),
  AMS_PEPPERS_FILE: text(
    "",
    'A JSON file `{"credential": ["…"], "link": ["…"]}` that holds both lists instead.',
  ),
};

const pepperList = z.tuple(
  [z.string().min(PEPPER_CHARACTERS_MIN)],
  z.string().min(PEPPER_CHARACTERS_MIN),
);
const pepperFile = z.object({ credential: pepperList, link: pepperList });

export type PepperLists = z.infer<typeof pepperFile>;

type Given = {
  readonly AMS_CREDENTIAL_PEPPERS: readonly string[];
  readonly AMS_LINK_PEPPERS: readonly string[];
  readonly AMS_PEPPERS_FILE: string | null;
};

/** Both lists, or what is missing, in sentences that hold no secret. */
export function readPeppers(
  given: Given,
):
  | { readonly ok: true; readonly value: PepperLists }
  | { readonly ok: false; readonly faults: readonly string[] } {
  if (given.AMS_PEPPERS_FILE !== null)
    return readPepperFile(given.AMS_PEPPERS_FILE, "AMS_PEPPERS_FILE");
  const [credential, ...credentials] = given.AMS_CREDENTIAL_PEPPERS;
  const [link, ...links] = given.AMS_LINK_PEPPERS;
  if (credential !== undefined && link !== undefined) {
    return {
      ok: true,
      value: { credential: [credential, ...credentials], link: [link, ...links] },
    };
  }
  const faults = [
    ...(credential === undefined ? ["AMS_CREDENTIAL_PEPPERS is needed (or AMS_PEPPERS_FILE)"] : []),
    ...(link === undefined ? ["AMS_LINK_PEPPERS is needed (or AMS_PEPPERS_FILE)"] : []),
  ];
  return { ok: false, faults };
}

/** As `readPeppers`, from the environment. */
export function readPepperSettings(environment: Environment): ReturnType<typeof readPeppers> {
  const read = readSettings(PEPPER_SETTINGS, environment);
  return read.ok ? readPeppers(read.value) : read;
}

/** Whether the environment says anything of peppers at all. */
export function namesPeppers(environment: Environment): boolean {
  return Object.keys(PEPPER_SETTINGS).some((name) => (environment[name] ?? "") !== "");
}

/** Why a store can't be used, such as a list of which it knows none, and what to do. */
export function storeFault(list: keyof PepperLists | "format"): string {
  if (list === "format") {
    return "this store was written by a later version of AMS, in a form that this version can't read: run that version, or bring back a backup from before it";
  }
  return `none of the ${list} peppers given here is one that this store is hashed under: give this process the deployment's peppers (a new one beside an old one, while they are rotated), or name another store: another folder, another Redis database, or another AMS_REDIS_PREFIX`;
}

/** Both lists from a file; a fault begins with `name`, by which an operator knows it. */
export function readPepperFile(path: string, name: string): ReturnType<typeof readPeppers> {
  const shape = `a JSON object of two lists, credential and link, of secrets of at least ${PEPPER_CHARACTERS_MIN} characters`;
  try {
    const parsed = pepperFile.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, faults: [`${name} must be ${shape}`] };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it is not JSON";
    return { ok: false, faults: [`${name} can't be read (${code}): it must be ${shape}`] };
  }
}
