/** Refusals as HTTP: thrown where they are found, answered by the frame. */
import { answerJson } from "@ams/edge";
import { type Judged, type Refusal, Refused } from "@ams/mesh-rules";
import type { Metrics } from "./metrics.ts";

/** The answer to a refusal that was thrown, counted; null where it is none. */
export function answerRefusal(error: unknown, { refusals }: Metrics): Response | null {
  if (!(error instanceof Refused)) return null;
  const { status, code, error: body } = error.refusal;
  refusals.inc({ code });
  return answerJson(status, JSON.stringify(body));
}

export function valueIn<Value>(judged: Judged<Value>): Value {
  return judged.ok ? judged.value : throwRefusal(judged.refusal);
}

export function throwRefusal(refusal: Refusal): never {
  throw new Refused(refusal);
}
