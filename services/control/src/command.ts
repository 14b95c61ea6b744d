/** `npm run control -- limits …`: the operator's commands, on the store itself. Exits 0, 64, 69 or 78 as in sysexits. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  connectRedis,
  type Directory,
  isSharded,
  openEmbeddedDirectory,
  openRedisDirectory,
  redisPrefix,
  whenReady,
} from "@ams/directory";
import { readSettings } from "@ams/runtime";
import { CONTROL_PROCESS_SETTINGS } from "./config.ts";
import {
  EXIT_MISCONFIGURED,
  EXIT_UNAVAILABLE,
  EXIT_USAGE,
  fail,
  LIMITS_USAGE,
  readLimitsWish,
  runLimits,
  type Said,
} from "./limits-command.ts";

/** Milliseconds that the command waits for Redis: an operator would rather read a sentence than wait. */
const CONNECT_MS = 5_000;

type Opened =
  | { readonly ok: true; readonly directory: Directory; readonly close: () => Promise<void> }
  | { readonly ok: false; readonly said: Said };

const said = await answer(process.argv.slice(2));
process.stdout.write(said.out);
process.stderr.write(said.error);
process.exitCode = said.exit;

async function answer(args: readonly string[]): Promise<Said> {
  if (args.includes("--help")) return { exit: 0, out: LIMITS_USAGE, error: "" };
  const wish = readLimitsWish(args);
  if (!wish.ok) return fail(EXIT_USAGE, `${wish.fault}\n\n${LIMITS_USAGE}`.trimEnd());
  const { folder } = wish.value;
  const opened = folder === null ? await openOnRedis() : openInFolder(folder);
  if (!opened.ok) return opened.said;
  try {
    return await runLimits(opened.directory, wish.value);
  } finally {
    await opened.close();
  }
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
function openInFolder(path: string): Opened {
  const folder = existsSync(join(path, "directory")) ? join(path, "directory") : path;
  if (!existsSync(join(folder, "directory.mdb"))) {
    return refuse(EXIT_USAGE, "there is no embedded directory in that folder");
  }
  // A standalone may run on it meanwhile: the store is made for several processes, and limits are read at each join.
  const opened = openEmbeddedDirectory({ path: folder, announce: () => undefined });
  if (!opened.ok) return refuse(EXIT_UNAVAILABLE, opened.fault);
  return { ok: true, directory: opened.value, close: () => opened.value.close() };
}

function refuse(exit: number, sentence: string): Opened {
  return { ok: false, said: fail(exit, sentence) };
}
