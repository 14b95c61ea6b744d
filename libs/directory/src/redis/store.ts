/** The one way to Redis for everything in this folder: named scripts and commands, whose failures are all `DirectoryUnavailable`. */
import { DirectoryUnavailable } from "../directory.ts";
import type { Keys } from "../keys.ts";
import type { RedisClient } from "./connect.ts";
import type { Script } from "./scripts/script.ts";

export type Store = {
  readonly client: RedisClient;
  readonly keys: Keys;
  /** How events are announced here: by SPUBLISH where pub/sub is sharded. */
  readonly publish: "PUBLISH" | "SPUBLISH";
  /** Unix milliseconds. */
  readonly now: () => number;
  run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown>;
};

/** The first line of a script that frees. Every script's own text begins on the next line. */
const ALLOW_OOM = "#!lua flags=allow-oom";

export type StoreOptions = Pick<Store, "client" | "keys" | "now"> & { readonly sharded: boolean };

export function createStore(
  { client, keys, sharded, now }: StoreOptions,
  scripts: readonly Script[],
): Store {
  for (const { name, keys: numberOfKeys, frees = false, lua } of scripts)
    client.defineCommand(name, { numberOfKeys, lua: frees ? `${ALLOW_OOM}${lua}` : lua });
  return {
    client,
    keys,
    publish: sharded ? "SPUBLISH" : "PUBLISH",
    now,
    run(script, named, args) {
      if (named.length !== script.keys) throw new Error(`${script.name} takes ${script.keys} keys`);
      const command: unknown = Reflect.get(client, script.name);
      if (typeof command !== "function") throw new Error(`${script.name} is not defined`);
      return answered(script.name, Reflect.apply(command, client, [...named, ...args]));
    },
  };
}

/**
 * Takes members out of gateways' indexes, as scripts reply them: [gateway, member, …]. What is not taken out here is
 * given back by the gateway's own review, or by its sweep.
 */
export async function unindex(
  { client }: Store,
  heldPrefix: string,
  gatewaysAndMembers: readonly string[],
): Promise<void> {
  const removals: Promise<number>[] = [];
  for (let index = 0; index < gatewaysAndMembers.length; index += 2) {
    const [gateway = "", member = ""] = gatewaysAndMembers.slice(index, index + 2);
    removals.push(answered("SREM", client.srem(`${heldPrefix}${gateway}`, member)));
  }
  await Promise.allSettled(removals);
}

/** The reply, or `DirectoryUnavailable`, which says what failed and repeats nothing that was sent. */
export async function answered<Reply>(command: string, reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    throw new DirectoryUnavailable(`Redis did not do ${command}: ${describe(error)}`);
  }
}

/** An error reply's code, or a connection's trouble. The rest of a reply may hold arguments, and so secrets. */
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
  if (!Array.isArray(reply))
    throw new DirectoryUnavailable("Redis replied something else than a list");
  return reply;
}

export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(expectText);
}

function expectText(reply: unknown): string {
  if (typeof reply === "string") return reply;
  throw new DirectoryUnavailable("Redis replied something else than text");
}

/** An optional whole number as a hash keeps it: empty for null. */
export function optionalNumber(text: string | null): number | null {
  return text === null || text === "" ? null : Number(text);
}
