/** Rollbacks (W6): the plan, the compensations, the rewind. */
import type { Facts } from "./entry.ts";
import type { Header } from "./header.ts";
import type { Node } from "./node.ts";
import type { Run } from "./run.ts";
import { hash } from "./words.ts";

export type Plan = {
  /** Steps done after the target, in reverse order of commit. */
  readonly done: readonly string[];
  /** Those of them that can't be undone, in the same order. */
  readonly irreversible: readonly string[];
  readonly compensations: readonly {
    readonly step: string;
    readonly attempt: number;
    readonly handler: string;
    readonly key: string;
  }[];
};

/** What going back to the message at `to` takes; a pure function of the run. */
export function planRollback(run: Run, to: number): Plan {
  const past = run.stepsAt(to + 1);
  const wasDone = (step: string) => past?.steps[step]?.[0] === "done";
  const done = [...run.doneAt]
    .filter(([step]) => run.step(step)?.[0] === "done" && !wasDone(step))
    .sort(([, a], [, b]) => b - a)
    .map(([step]) => step);
  const effectOf = (step: string) => run.definition.steps.get(step)?.effect ?? "irreversible";
  const compensations = done
    .filter((step) => effectOf(step) === "compensatable")
    .map((step) => {
      const attempt = run.step(step)?.[1] ?? 0;
      const handler = run.definition.steps.get(step)?.compensate ?? "";
      const key = compensationKey(run.id, run.epoch + 1, step, attempt);
      return { step, attempt, handler, key };
    });
  const irreversible = done.filter((step) => effectOf(step) === "irreversible");
  return { done, irreversible, compensations };
}

/** For the agent's own idempotency; `epoch` is the one that will follow. */
export function compensationKey(run: string, epoch: number, step: string, attempt: number) {
  return hash("comp", { attempt, epoch, run, step });
}

export function taskKey(run: string, epoch: number, step: string, attempt: number): string {
  return hash("task", { attempt, epoch, run, step });
}

/** True when the message was one of a rollback and nothing is left to fold. */
export function foldRollback(
  run: Run,
  header: Header,
  facts: Facts | null,
  node: Node,
  find: (msg: string) => Node | null,
): boolean {
  const size = node.seq + 1;
  if (facts !== null && "rollback" in facts) {
    const { plan, to, irreversible } = facts.rollback;
    run.rollbackTo = to;
    if (irreversible.length > 0 || run.ownStatus === "rollback_stuck") run.partiallyReversed = true;
    run.compensations = plan.map((one) => ({ ...one, status: "waiting", failures: 0 }));
    run.change(size, { status: "rolling_back" });
    run.beginCompensation(size);
    return true;
  }
  if (facts !== null && "rewind" in facts) {
    const target = find(facts.rewind.to);
    if (target !== null) {
      run.rewind(size, target.seq, node.msg, node.did);
      run.mainLine.set(node.msg, node.seq);
    }
    return true;
  }
  if (header.type === "compensated") run.endCompensation(size, header.workflow_state.op === "done");
  return false;
}
