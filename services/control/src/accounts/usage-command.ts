/**
 * `control usage <namespace>`: an account's use as JSON or CSV, for an operator's bills. `control
 * announce <text>`: a notice to everybody who is connected, or to one account (§4.10).
 */
import { parseArgs } from "node:util";
import type { Directory } from "@ams/directory";
import { isNamespace, isNoticeLevel, isNoticeText, type Namespace } from "@ams/protocol";
import { EXIT_USAGE, fail, reachable, type Said } from "./said.ts";
import { readHours, toCsv, usageOf } from "./usage.ts";

export const USAGE_USAGE = `usage: control usage <namespace> [--hours N] [--format json|csv] [--directory FOLDER]
       control announce <text> [--level info|warning|error] [--namespace NAME]

  usage               what the account used in each of the last hours, 24 unless given, 840 at most
  announce            shows a sentence to everybody who is connected, or to one account; on Redis only
`;

export type UsageWish = { readonly folder: string | null } & (
  | {
      readonly action: "usage";
      readonly namespace: Namespace;
      readonly hours: number;
      readonly format: "json" | "csv";
    }
  | {
      readonly action: "announce";
      /** Null for everybody. */
      readonly namespace: Namespace | null;
      readonly level: "info" | "warning" | "error";
      readonly text: string;
    }
);

type Read =
  | { readonly ok: true; readonly value: UsageWish }
  | { readonly ok: false; readonly fault: string };

export function readUsageWish(args: readonly string[]): Read {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const { positionals, values } = parsed;
  const [command, argument = "", ...more] = positionals;
  if (more.length > 0) return { ok: false, fault: "put the text in quotes" };
  return command === "announce" ? readAnnounce(argument, values) : readUsage(argument, values);
}

type Values = Exclude<ReturnType<typeof parse>, string>["values"];

function readUsage(namespace: string, { hours, format = "json", directory }: Values): Read {
  if (!isNamespace(namespace)) return { ok: false, fault: "say: usage, and one namespace" };
  const read = readHours(hours ?? null);
  if (read === null) return { ok: false, fault: "--hours is a whole number from 1 to 840" };
  if (format !== "json" && format !== "csv") {
    return { ok: false, fault: "--format is json or csv" };
  }
  const folder = directory ?? null;
  return { ok: true, value: { action: "usage", namespace, hours: read, format, folder } };
}

function readAnnounce(text: string, { level = "info", namespace, directory }: Values): Read {
  if (!isNoticeText(text)) {
    return { ok: false, fault: "the text has 1 to 500 characters, and no control characters" };
  }
  if (!isNoticeLevel(level)) return { ok: false, fault: "--level is info, warning or error" };
  if (namespace !== undefined && !isNamespace(namespace)) {
    return { ok: false, fault: "that is not a namespace" };
  }
  if (directory !== undefined) {
    return { ok: false, fault: "announce works on Redis: a standalone hears nothing of it" };
  }
  const wish = { action: "announce", namespace: namespace ?? null, level, text } as const;
  return { ok: true, value: { ...wish, folder: null } };
}

export function runUsage(directory: Directory, wish: UsageWish, nowMs = Date.now()): Promise<Said> {
  return reachable(async () => {
    const account = wish.namespace === null ? null : await directory.accountOf(wish.namespace);
    if (account === null && wish.namespace !== null) {
      return fail(EXIT_USAGE, "no account has that namespace");
    }
    if (wish.action === "announce") {
      const { level, text } = wish;
      await directory.announceNotice({ account_id: account?.account_id ?? null, level, text });
      return { exit: 0, out: "", error: "" };
    }
    if (account === null) return fail(EXIT_USAGE, "no account has that namespace");
    const hours = await usageOf(directory, account.account_id, wish.hours, nowMs);
    const out = wish.format === "csv" ? toCsv(hours) : `${JSON.stringify({ hours }, null, 2)}\n`;
    return { exit: 0, out, error: "" };
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        hours: { type: "string" },
        format: { type: "string" },
        level: { type: "string" },
        namespace: { type: "string" },
        directory: { type: "string" },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}
