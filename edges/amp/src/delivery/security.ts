/** What the provider concludes of a message: trust, flags, and whether its text is wrapped. */
import { flagsOf, isSplit, type Severity, stringsOf, type Trust, wrapMessage } from "@ams/amp";
import { isoOf } from "../http/fields.ts";
import type { Payload, Security } from "./message.ts";

/** Messages of a pair that are looked at together, and for how many milliseconds. */
const RECENT_MAX = 5;
const RECENT_MS = 600_000;
/** Pairs that are remembered, and characters of each message. */
const PAIRS_MAX = 10_000;
const RECENT_CHARACTERS_MAX = 256;

type Recent = {
  readonly text: string;
  readonly atMs: number;
  /** What it has alone. */
  readonly categories: readonly string[];
};

/** The last texts of each pair, in memory only. */
export class RecentTexts {
  readonly #pairs = new Map<string, readonly Recent[]>();

  /** Whether the text completes what earlier ones began. */
  add(
    from: string,
    to: string,
    text: string,
    categories: readonly string[],
    nowMs: number,
  ): boolean {
    const pair = `${from}|${to}`;
    const before = (this.#pairs.get(pair) ?? []).filter(({ atMs }) => atMs > nowMs - RECENT_MS);
    const entry = { text: text.slice(0, RECENT_CHARACTERS_MAX), atMs: nowMs, categories };
    const recent = [...before, entry].slice(-RECENT_MAX);
    this.#pairs.delete(pair);
    this.#pairs.set(pair, recent);
    if (this.#pairs.size > PAIRS_MAX) {
      const [oldest = ""] = this.#pairs.keys();
      this.#pairs.delete(oldest);
    }
    const known = recent.flatMap((one) => one.categories);
    return (
      recent.length > 1 &&
      isSplit(
        recent.map((one) => one.text),
        known,
      )
    );
  }
}

export type Judgement = {
  readonly security: Security;
  readonly wrapped: string | null;
  readonly severity: Severity | null;
};

export function judgeMessage(
  message: {
    readonly from: string;
    readonly to: string;
    readonly subject: string;
    readonly payload: Payload;
    readonly trust: Trust;
    readonly verified: boolean;
    readonly attachments?: readonly unknown[];
  },
  recent: RecentTexts,
  nowMs: number,
): Judgement {
  const { from, to, subject, payload, trust, verified, attachments } = message;
  const { categories, severity } = flagsOf([
    subject,
    payload.message,
    ...stringsOf(payload.context),
  ]);
  const isNew = recent.add(from, to, payload.message, categories, nowMs);
  const split = isNew && categories.length === 0;
  const wrapped = wrapMessage(payload.message, from, trust);
  const security = {
    trust,
    injection_flags: split ? ["split_message"] : categories,
    wrapped: wrapped !== null,
    verified_at: verified ? isoOf(nowMs) : null,
    ...(attachments === undefined || attachments.length === 0 ? {} : { attachments }),
  };
  return { security, wrapped, severity: split ? "medium" : severity };
}
