/** Finds a shorter history that fails in the same way, by leaving out steps. */
import type { Planted } from "./planted.ts";
import { runHistory } from "./run.ts";
import type { Plan } from "./steps.ts";
import { storyOf } from "./story.ts";
import type { Violation, ViolationKind } from "./violation.ts";

/** Histories that are tried. */
const TRIES_MAX = 400;

export type Shrunk = {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** What happened in it, one line each. */
  readonly story: readonly string[];
};

export async function shrink(
  seed: number,
  whole: Plan,
  kind: ViolationKind,
  planted: () => Planted | null = () => null,
): Promise<Shrunk> {
  let plan = whole;
  let tries = 0;
  const fails = async (candidate: Plan) => {
    tries += 1;
    const { violations } = await runHistory(seed, candidate, planted());
    return violations.some((one) => one.kind === kind);
  };
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1 && tries < TRIES_MAX; ) {
    let shorter = false;
    for (let at = 0; at < plan.steps.length && tries < TRIES_MAX; ) {
      const steps = [...plan.steps.slice(0, at), ...plan.steps.slice(at + size)];
      if (await fails({ ...plan, steps })) {
        plan = { ...plan, steps };
        shorter = true;
      } else at += size;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!shorter) break;
  }
  const story: string[] = [];
  const { violations } = await runHistory(seed, plan, planted(), (line) => story.push(line));
  return { plan, violations, story: storyOf(plan, story) };
}
