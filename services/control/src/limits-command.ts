/**
 * `control limits <namespace> [--streams N|default] [--subscribers N|default]`: an operator sets what one account may
 * have, or sees it. It works on the store itself, so it asks for no credential.
 */
import { parseArgs } from "node:util";
import type { Account, AccountLimits, Directory } from "@ams/directory";
import { isNamespace, type Namespace } from "@ams/protocol";

/** Exit statuses, as in sysexits. */
export const EXIT_USAGE = 64;
export const EXIT_UNAVAILABLE = 69;
export const EXIT_MISCONFIGURED = 78;

export const LIMITS_USAGE = `usage: control limits <namespace> [--streams N|default] [--subscribers N|default] [--directory FOLDER]

  --streams N       streams that the account may hold at a time, in all its conversations together
  --subscribers N   subscribers that each of its conversations may hold at a time
  default           follow the deployment's setting again
  --directory       the state folder of a standalone AMS, which may run meanwhile; else AMS_REDIS_URL says where Redis is
`;

/** The largest limit that may be set: more than any deployment holds, and within every counter. */
const LIMIT_MAX = 1_000_000_000;

export type LimitsWish = {
  readonly namespace: Namespace;
  /** Undefined leaves it as it is; null follows the deployment's setting. */
  readonly streams: number | null | undefined;
  readonly subscribers: number | null | undefined;
  /** The folder of an embedded directory; null means Redis. */
  readonly folder: string | null;
};

export type Said = { readonly exit: number; readonly out: string; readonly error: string };

/** What the arguments behind `control` ask for, or what is wrong with them in a sentence. */
export function readLimitsWish(
  args: readonly string[],
):
  | { readonly ok: true; readonly value: LimitsWish }
  | { readonly ok: false; readonly fault: string } {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const { positionals, values } = parsed;
  const [command, namespace, ...more] = positionals;
  if (command !== "limits" || namespace === undefined || more.length > 0) {
    return { ok: false, fault: "say: limits, and one namespace" };
  }
  if (!isNamespace(namespace)) return { ok: false, fault: "that is not a namespace" };
  const streams = readLimit(values.streams);
  const subscribers = readLimit(values.subscribers);
  if (streams === "wrong" || subscribers === "wrong") {
    return { ok: false, fault: `a limit is a whole number from 1 to ${LIMIT_MAX}, or default` };
  }
  return { ok: true, value: { namespace, streams, subscribers, folder: values.directory ?? null } };
}

/** Sets what is wished, and says the account's record as JSON. */
export async function runLimits(directory: Directory, wish: LimitsWish): Promise<Said> {
  try {
    const account = await directory.accountOf(wish.namespace);
    if (account === null) return fail(EXIT_USAGE, "no account has that namespace");
    if (wish.streams === undefined && wish.subscribers === undefined) return succeed(account);
    const limits: AccountLimits = {
      streams_max: wish.streams === undefined ? account.streams_max : wish.streams,
      subscribers_max: wish.subscribers === undefined ? account.subscribers_max : wish.subscribers,
    };
    const changed = await directory.setAccountLimits(account.account_id, limits);
    return changed.ok ? succeed(changed.value) : fail(EXIT_USAGE, "the account was just deleted");
  } catch (error) {
    if (error instanceof Error && error.name === "DirectoryUnavailable") {
      return fail(EXIT_UNAVAILABLE, "the directory can't be reached");
    }
    throw error;
  }
}

export function fail(exit: number, sentence: string): Said {
  return { exit, out: "", error: `${sentence}\n` };
}

function succeed(account: Account): Said {
  return { exit: 0, out: `${JSON.stringify(account, null, 2)}\n`, error: "" };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        streams: { type: "string" },
        subscribers: { type: "string" },
        directory: { type: "string" },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}

function readLimit(text: string | undefined): number | null | undefined | "wrong" {
  if (text === undefined) return undefined;
  if (text === "default") return null;
  const limit = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= LIMIT_MAX ? limit : "wrong";
}
