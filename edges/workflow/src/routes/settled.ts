/** What became of a job, or the error that it ended with. */
import { type Node, type Refusal, refuse } from "@ams/workflow-rules";
import { Refused } from "../answers.ts";
import type { Outcome } from "../space/live-space.ts";

export function settled(
  outcome: Outcome<{ readonly refusal: Refusal } | { readonly node: Node }>,
): { readonly node: Node; readonly isNew: boolean } {
  switch (outcome.kind) {
    case "committed":
      return { node: outcome.node, isNew: true };
    case "answer":
      if ("refusal" in outcome.answer) throw new Refused(outcome.answer.refusal);
      return { node: outcome.answer.node, isNew: false };
    case "failed":
      throw new Refused(refuse(outcome.code));
  }
}
