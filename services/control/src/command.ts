/**
 * `npm run control -- …`: the operator's commands, on the store itself. Exits 0, 64, 69 or 78 as in
 * sysexits.
 */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Directory, openEmbeddedDirectory, openRedisDirectory } from "@ams/directory";
import { namesPeppers, readPepperFile, readPepperSettings, readSettings } from "@ams/process";
import { connectRedis, isSharded, redisPrefix, whenReady } from "@ams/store";
import { LIMITS_USAGE, readLimitsWish, runLimits } from "./accounts/limits-command.ts";
import { PLAN_USAGE, readPlanWish, runPlan } from "./accounts/plan-command.ts";
import { RESET_USAGE, readResetWish, runReset } from "./accounts/reset-command.ts";
import {
  EXIT_MISCONFIGURED,
  EXIT_UNAVAILABLE,
  EXIT_USAGE,
  fail,
  type Said,
} from "./accounts/said.ts";
import { readUsageWish, runUsage, USAGE_USAGE } from "./accounts/usage-command.ts";
import { CONTROL_PROCESS_SETTINGS } from "./config.ts";
import { OPERATOR_KEY_USAGE, readOperatorKeyWish, runOperatorKey } from "./operator/key-command.ts";

/**
 * Milliseconds that the command waits for Redis: an operator would rather read a sentence than
 * wait.
 */
const CONNECT_MS = 5_000;

const USAGES = new Map([
  ["limits", LIMITS_USAGE],
  ["plan", PLAN_USAGE],
  ["reset-credential", RESET_USAGE],
  ["operator-key", OPERATOR_KEY_USAGE],
  ["usage", USAGE_USAGE],
  ["announce", USAGE_USAGE],
]);

type Opened =
  | { readonly ok: true; readonly directory: Directory; readonly close: () => Promise<void> }
  | { readonly ok: false; readonly said: Said };

const said = await answer(process.argv.slice(2));
process.stdout.write(said.out);
process.stderr.write(said.error);
process.exitCode = said.exit;

async function answer(args: readonly string[]): Promise<Said> {
  const resets = args[0] === "reset-credential";
  const usage = USAGES.get(args[0] ?? "") ?? [...new Set(USAGES.values())].join("\n");
  if (args.includes("--help")) return { exit: 0, out: usage, error: "" };
  if (args[0] === "operator-key") return await operatorKey(args, usage);
  if (args[0] === "plan") return await changePlans(args, usage);
  if (args[0] === "usage" || args[0] === "announce") return await showUse(args, usage);
  return resets ? await resetCredential(args, usage) : await setLimits(args, usage);
}

async function changePlans(args: readonly string[], usage: string): Promise<Said> {
  const wish = readPlanWish(args);
  if (!wish.ok) return misused(wish.fault, usage);
  return await onDirectory(wish.value.folder, (directory) => runPlan(directory, wish.value));
}

async function operatorKey(args: readonly string[], usage: string): Promise<Said> {
  const wish = readOperatorKeyWish(args);
  if (!wish.ok) return misused(wish.fault, usage);
  const { folder } = wish.value;
  const peppers = readPeppersOf(folder);
  if (!peppers.ok) return fail(EXIT_MISCONFIGURED, peppers.faults.join("; "));
  const run = (directory: Directory) => runOperatorKey(directory, peppers.value, wish.value);
  return await onDirectory(folder, run);
}

async function showUse(args: readonly string[], usage: string): Promise<Said> {
  const wish = readUsageWish(args);
  if (!wish.ok) return misused(wish.fault, usage);
  return await onDirectory(wish.value.folder, (directory) => runUsage(directory, wish.value));
}

async function setLimits(args: readonly string[], usage: string): Promise<Said> {
  const wish = readLimitsWish(args);
  if (!wish.ok) return misused(wish.fault, usage);
  return await onDirectory(wish.value.folder, (directory) => runLimits(directory, wish.value));
}

async function resetCredential(args: readonly string[], usage: string): Promise<Said> {
  const wish = readResetWish(args);
  if (!wish.ok) return misused(wish.fault, usage);
  const { folder } = wish.value;
  const peppers = readPeppersOf(folder);
  if (!peppers.ok) return fail(EXIT_MISCONFIGURED, peppers.faults.join("; "));
  return await onDirectory(folder, (directory) => runReset(directory, peppers.value, wish.value));
}

/** Those of the environment, else those that a standalone keeps in its folder. */
function readPeppersOf(folder: string | null) {
  if (folder === null || namesPeppers(process.env)) return readPepperSettings(process.env);
  const file = join(directoryIn(folder) === folder ? dirname(folder) : folder, "peppers.json");
  return readPepperFile(file, file);
}

async function onDirectory(
  folder: string | null,
  run: (directory: Directory) => Promise<Said>,
): Promise<Said> {
  const opened = folder === null ? await openOnRedis() : openInFolder(folder);
  if (!opened.ok) return opened.said;
  try {
    return await run(opened.directory);
  } finally {
    await opened.close();
  }
}

function misused(fault: string, usage: string): Said {
  return fail(EXIT_USAGE, `${fault}\n\n${usage}`.trimEnd());
}

async function openOnRedis(): Promise<Opened> {
  const { AMS_REDIS_URL, AMS_REDIS_PREFIX } = CONTROL_PROCESS_SETTINGS;
  const read = readSettings({ AMS_REDIS_URL, AMS_REDIS_PREFIX }, process.env);
  if (!read.ok) return refuse(EXIT_MISCONFIGURED, read.faults.join("; "));
  const { AMS_REDIS_URL: url, AMS_REDIS_PREFIX: named } = read.value;
  if (url === null) {
    return refuse(EXIT_MISCONFIGURED, "AMS_REDIS_URL is needed, or --directory FOLDER");
  }
  const connection = connectRedis(url, "command");
  if (!connection.ok) return refuse(EXIT_MISCONFIGURED, `AMS_REDIS_URL ${connection.fault}`);
  const { client } = connection.value;
  try {
    await whenReady(connection.value, CONNECT_MS);
  } catch {
    client.disconnect();
    return refuse(EXIT_UNAVAILABLE, "Redis can't be reached");
  }
  return {
    ok: true,
    directory: openRedisDirectory({
      commands: client,
      sharded: isSharded(connection.value),
      prefix: redisPrefix(url, named),
    }),
    close: async () => client.disconnect(),
  };
}

/** `path` is the state folder of a standalone AMS, or the folder of the directory in it. */
function directoryIn(path: string): string {
  return existsSync(join(path, "directory")) ? join(path, "directory") : path;
}

function openInFolder(path: string): Opened {
  const folder = directoryIn(path);
  if (!existsSync(join(folder, "directory.mdb"))) {
    return refuse(EXIT_USAGE, "there is no embedded directory in that folder");
  }
  // A standalone may run on it meanwhile: the store is made for several processes, and limits and
  // credentials are read again and again.
  const opened = openEmbeddedDirectory({ path: folder, announce: () => undefined });
  if (!opened.ok) return refuse(EXIT_UNAVAILABLE, opened.fault);
  return { ok: true, directory: opened.value, close: () => opened.value.close() };
}

function refuse(exit: number, sentence: string): Opened {
  return { ok: false, said: fail(exit, sentence) };
}
