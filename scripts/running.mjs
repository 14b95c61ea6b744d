// What an AMS that runs from this folder passes to the commands beside it, by the files of its
// state folder.
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const DATA_FOLDER = resolve(process.env.AMS_DATA || ".ams");

/** Its base URL; where none runs, the one that a start in this environment would have. */
export function runningUrl() {
  return readJson("lock")?.url || `http://127.0.0.1:${process.env.PORT || 8080}`;
}

/**
 * Its demo account, `{namespace, credential}`, or null. Which one it is, that AMS says in its lock;
 * where none runs, it is the one that a start in this environment would have.
 */
export function demoAccount() {
  const here = process.env.AMS_REDIS_URL ? "demo-redis.json" : "demo.json";
  return readJson(basename(readJson("lock")?.demo_file ?? here));
}

function readJson(name) {
  const path = join(DATA_FOLDER, name);
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
