/**
 * `control limits <namespace> [--streams N|default] …`: an operator sets what one account may have,
 * or sees it. It works on the store itself, so it asks for no credential.
 */
import { parseArgs } from "node:util";
import type { Account, AccountLimits, Directory } from "@ams/directory";
import { isNamespace, type Namespace } from "@ams/protocol";
import { EXIT_USAGE, fail, reachable, recordOperator, type Said } from "./said.ts";

/** By option: the limit that it sets, its smallest value, and what it means. */
const OPTIONS = {
  streams: {
    limit: "streams_max",
    min: 1,
    about: "streams that the account may hold at a time, in all its conversations together",
  },
  guests: {
    limit: "guests_max",
    min: 0,
    about: "guests that its conversations may hold at a time, all together; 0: none",
  },
  conversations: {
    limit: "conversations_max",
    min: 1,
    about: "conversations that it may have at a time",
  },
  subscribers: {
    limit: "subscribers_max",
    min: 1,
    about: "subscribers that each of its conversations may hold at a time",
  },
} as const satisfies Record<string, { limit: keyof AccountLimits; min: number; about: string }>;

type Option = keyof typeof OPTIONS;

const NAMES: readonly Option[] = ["streams", "guests", "conversations", "subscribers"];

export const LIMITS_USAGE = `usage: control limits <namespace> ${NAMES.map((name) => `[--${name} N|default]`).join(" ")} [--directory FOLDER]

${NAMES.map((name) => `  ${`--${name} N`.padEnd(19)} ${OPTIONS[name].about}`).join("\n")}
  default             follow the deployment's setting again
  --directory         the state folder of a standalone AMS, which may run meanwhile; else AMS_REDIS_URL says where Redis is
`;

/** The largest limit that may be set: more than any deployment holds, and within every counter. */
const LIMIT_MAX = 1_000_000_000;

export type LimitsWish = {
  readonly namespace: Namespace;
  /** What is absent stays as it is; null follows the deployment's setting. */
  readonly limits: Partial<AccountLimits>;
  /** The folder of an embedded directory; null means Redis. */
  readonly folder: string | null;
};

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
  const limits: { -readonly [Limit in keyof AccountLimits]?: number | null } = {};
  for (const name of NAMES) {
    const text = values[name];
    if (text === undefined) continue;
    const { limit, min } = OPTIONS[name];
    const read = readLimit(text, min);
    if (read === "wrong") {
      return {
        ok: false,
        fault: `--${name} is a whole number from ${min} to ${LIMIT_MAX}, or default`,
      };
    }
    limits[limit] = read;
  }
  return { ok: true, value: { namespace, limits, folder: values.directory ?? null } };
}

/** Sets what is wished, and says the account's record as JSON. */
export function runLimits(directory: Directory, wish: LimitsWish): Promise<Said> {
  return reachable(async () => {
    const account = await directory.accountOf(wish.namespace);
    if (account === null) return fail(EXIT_USAGE, "no account has that namespace");
    if (Object.keys(wish.limits).length === 0) return succeed(account);
    const { streams_max, guests_max, conversations_max, subscribers_max } = {
      ...account,
      ...wish.limits,
    };
    const limits: AccountLimits = { streams_max, guests_max, conversations_max, subscribers_max };
    const changed = await directory.setAccountLimits(account.account_id, limits);
    if (changed.ok) await recordOperator(directory, account.account_id, "limits_changed");
    return changed.ok ? succeed(changed.value) : fail(EXIT_USAGE, "the account was just deleted");
  });
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
        guests: { type: "string" },
        conversations: { type: "string" },
        subscribers: { type: "string" },
        directory: { type: "string" },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}

function readLimit(text: string, min: number): number | null | "wrong" {
  if (text === "default") return null;
  const limit = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return limit >= min && limit <= LIMIT_MAX ? limit : "wrong";
}
