/** Refusals as HTTP: thrown where they are found, answered by the frame with their hash. */
import { answerJson } from "@ams/edge";
import { canonical } from "@ams/provenance";
import { type ErrorCode, type Extra, errorHash, type Refusal, refuse } from "@ams/workflow-rules";
import type { Metrics } from "./metrics.ts";

/** Ends the handling of a request by an error. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export function reject(code: ErrorCode, extra: Extra = {}): never {
  throw new Refused(refuse(code, extra));
}

/**
 * The answer to a refusal that was thrown, counted; null where it is none. Its bytes are the
 * canonical ones: the same from every process.
 */
export function answerRefusal(cause: unknown, { refusals }: Metrics): Response | null {
  if (!(cause instanceof Refused)) return null;
  const { refusal } = cause;
  const { status, error, code } = refusal;
  refusals.inc({ error: code });
  return answerJson(status, canonical(error), { "x-ams-error-hash": errorHash(refusal) });
}
