/**
 * Named Lua scripts and commands on one Redis. Every failure is `StoreUnavailable`, and says what
 * failed without repeating what was sent.
 */
import { StoreUnavailable } from "../outcome.ts";
import type { RedisClient } from "./connect.ts";

/** One atomic step in one slot. */
export type Script = {
  /** The name under which the client knows it. */
  readonly name: string;
  /** How many of the arguments are keys. */
  readonly keys: number;
  /** Whether it also runs when Redis is out of memory: whatever frees, ends or renews something. */
  readonly frees?: true;
  readonly lua: string;
};

export type RedisStore = {
  readonly client: RedisClient;
  run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown>;
};

/** The first line of a script that frees. Every script's own text begins on the next line. */
const ALLOW_OOM = "#!lua flags=allow-oom";

/** Makes the scripts known to the client, which sends each text once. */
export function createRedisStore(client: RedisClient, scripts: readonly Script[]): RedisStore {
  for (const { name, keys: numberOfKeys, frees = false, lua } of scripts)
    client.defineCommand(name, { numberOfKeys, lua: frees ? `${ALLOW_OOM}${lua}` : lua });
  return {
    client,
    run(script, named, args) {
      if (named.length !== script.keys) throw new Error(`${script.name} takes ${script.keys} keys`);
      const command: unknown = Reflect.get(client, script.name);
      if (typeof command !== "function") throw new Error(`${script.name} is not defined`);
      return answered(script.name, Reflect.apply(command, client, [...named, ...args]));
    },
  };
}

/** The reply, or `StoreUnavailable`. */
export async function answered<Reply>(command: string, reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    const why = describe(error);
    throw new StoreUnavailable(`Redis did not do ${command}: ${why}`, { isFull: why === "OOM" });
  }
}

/**
 * The code of an error reply, or the message of a failed connection. The rest of a reply may hold
 * arguments, and so secrets.
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.name === "ReplyError" ? (error.message.split(" ", 1)[0] ?? "") : error.message;
}

/** A text that a script replied; null for nil. */
export function textOf(reply: unknown): string | null {
  if (reply === null || reply === undefined) return null;
  return typeof reply === "number" ? String(reply) : expectText(reply);
}

/** The items of a list that a script replied. */
export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new StoreUnavailable("Redis replied something else than a list");
  return reply;
}

export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(expectText);
}

function expectText(reply: unknown): string {
  if (typeof reply === "string") return reply;
  throw new StoreUnavailable("Redis replied something else than text");
}

/** An optional whole number as a hash keeps it: empty for null. */
export function optionalNumber(text: string | null): number | null {
  return text === null || text === "" ? null : Number(text);
}
