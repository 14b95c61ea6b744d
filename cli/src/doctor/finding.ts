/** What the doctor found: one sentence per thing that was looked at. */

import type { AmsErrorCode } from "@ams/client";
import { exitStatusOf } from "../faults/exit-codes.ts";
import { failureOf } from "../faults/fail.ts";
import type { CliFault } from "../faults/fault.ts";
import { harmless } from "../terminal/harmless.ts";

export type Finding = {
  /** What was looked at, in one word. */
  readonly check: string;
  /** A note is worth knowing, and nothing is wrong. */
  readonly level: "ok" | "note" | "wrong";
  readonly sentence: string;
  /** Which fault, when it is wrong. */
  readonly code?: AmsErrorCode | CliFault;
  /** Figures, for programs. */
  readonly figures?: Readonly<Record<string, unknown>>;
};

export function fine(
  check: string,
  sentence: string,
  figures: Readonly<Record<string, unknown>> = {},
): Finding {
  return { check, level: "ok", sentence, figures };
}

export function noted(
  check: string,
  sentence: string,
  figures: Readonly<Record<string, unknown>> = {},
): Finding {
  return { check, level: "note", sentence, figures };
}

export function wrong(
  check: string,
  code: AmsErrorCode | CliFault,
  sentence: string,
  figures: Readonly<Record<string, unknown>> = {},
): Finding {
  return { check, level: "wrong", code, sentence, figures };
}

/** What was thrown, as a finding. */
export function wrongBy(check: string, error: unknown): Finding {
  const { code, sentence, details } = failureOf(error);
  return wrong(check, code, sentence, details);
}

export function statusOf({ code }: Finding): number {
  return code === undefined ? 0 : exitStatusOf(code);
}

export function findingJson({ check, level, sentence, code, figures }: Finding) {
  return { check, level, message: sentence, ...(code && { error: code }), ...figures };
}

export function findingLine({ check, level, sentence }: Finding): string {
  const mark = { ok: "✓", note: "·", wrong: "✗" }[level];
  return `${mark} ${check.padEnd(12)} ${harmless(sentence)}`;
}
