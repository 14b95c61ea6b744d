/** What a case is: a name, a sentence, and a run on the stage. */
import type { CaseResult } from "./row.ts";
import type { Stage } from "./stage.ts";

export type Case = {
  readonly name: string;
  readonly about: string;
  readonly run: (stage: Stage) => Promise<Pick<CaseResult, "rows" | "faults">>;
};
