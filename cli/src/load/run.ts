/** `ams load` and `ams load run`, from a scenario to the answer. */
import { readFile } from "node:fs/promises";
import {
  type Assertion,
  failuresOf,
  jsonOf,
  junitOf,
  type LoadResult,
  type Machine,
  type Plan,
  readAssertions,
  readMachine,
  readScenario,
  reportOf,
  runLoad,
  type Scenario,
  tableOf,
  type Workers,
} from "@ams/loadtest";
import { linkOf } from "../conversation/link-argument.ts";
import { EXIT_CODES } from "../faults/exit-codes.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { VERSION } from "../version.ts";
import { makeConversations } from "./conversations.ts";
import { startLive } from "./live.ts";
import { OutputFile } from "./output-file.ts";
import { planOf, secondsOf } from "./plan.ts";
import { checkLimits, type LoadTarget, lookAt, lookAtOwn } from "./preflight.ts";
import { refusedError } from "./refused.ts";
import { workersOf } from "./workers.ts";

export type RunOptions = {
  readonly account: boolean;
  /** Path of the HTML report, and of the JUnit file; null writes none. */
  readonly report: string | null;
  readonly junit: string | null;
  /** As `p99<50ms,lost=0`, beside those of the scenario. */
  readonly assert: string | null;
  /** Workers elsewhere, as `host:port,…`; null starts them here. */
  readonly workers: string | null;
};

/** The scenario of a file. Throws `bad_usage` with everything that is wrong in it. */
export async function scenarioIn(path: string): Promise<Scenario> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new CliError("file_unusable", `The scenario ${path} can't be read.`, {}, cause);
  });
  const read = readScenario(text);
  if (read.ok) return read.scenario;
  throw new CliError("bad_usage", `The scenario is wrong: ${read.faults.join("; ")}`);
}

/**
 * Sets the exit status when the wire broke a promise, connections were closed, or an assertion does
 * not hold. Throws what refused the run. A scenario without a link makes conversations of its own.
 */
export async function runLoadCommand(
  argument: string | undefined,
  scenario: Scenario,
  options: RunOptions,
  context: Context,
): Promise<void> {
  const assertions = assertionsOf([...scenario.assertions, options.assert ?? ""]);
  const machine = readMachine();
  const workers = workersOf(options.workers);
  const plan = planOf(
    scenario,
    machine,
    workers.kind === "remote" ? workers.addresses.length : null,
  );
  const makesOwn = scenario.conversations > 1 || (argument === undefined && hasNoLink(scenario));
  const made = makesOwn ? await makeConversations(scenario, context) : null;
  try {
    const keeps = scenario.mix.sse > 0;
    const target =
      made === null
        ? await lookAt(await linkOf(argument, "free", context.signal), options.account, context)
        : await lookAtOwn(made.links, keeps, options.account, context);
    checkLimits(plan, target);
    const run = { plan, target, machine, workers };
    await measure(run, assertions, options, context);
  } finally {
    await made?.close();
  }
}

/** A command line alone needs a link; a scenario has a name or several conversations of its own. */
function hasNoLink({ name }: Scenario): boolean {
  return name !== null && !process.env.AMS_LINK;
}

function assertionsOf(texts: readonly string[]): readonly Assertion[] {
  return texts.flatMap((text) => {
    if (text === "") return [];
    const read = readAssertions(text);
    if (!read.ok) throw new CliError("bad_usage", `--assert: ${read.sentence}`);
    return read.assertions;
  });
}

type Run = {
  readonly plan: Plan;
  readonly target: LoadTarget;
  readonly machine: Machine;
  readonly workers: Workers;
};

async function measure(
  run: Run,
  assertions: readonly Assertion[],
  options: RunOptions,
  context: Context,
): Promise<void> {
  const { output } = context;
  const at = async (path: string | null, option: string) =>
    path === null ? null : await OutputFile.at(path, option);
  const report = await at(options.report, "--report");
  const junit = await at(options.junit, "--junit");
  const discard = () => Promise.all([report?.discard(), junit?.discard()]);
  const result = await perform(run, context).catch(async (error) => {
    await discard();
    throw error;
  });
  if (result === null) {
    await discard();
    return;
  }
  output.answer(jsonOf(result), ...tableOf(result, output.colors));
  const failures = failuresOf(assertions, result);
  for (const failure of failures) output.warn(`Does not hold: ${failure}`);
  await junit?.write(junitOf(result, assertions));
  if (report !== null) {
    await report.write(await reportOf(result));
    output.note(`The report is ${report.path}`);
  }
  if (result.outcome === "broken" || result.outcome === "cut") {
    process.exitCode = EXIT_CODES.lost.status;
  } else if (failures.length > 0) process.exitCode = EXIT_CODES.unmet.status;
}

/** Null when it was stopped before anything could be measured. */
async function perform(
  { plan, target, machine, workers }: Run,
  { output, signal }: Context,
): Promise<LoadResult | null> {
  const live = startLive(output, secondsOf(plan));
  const progress = {
    joining: (joined: number) => live.joining(joined, plan.connections),
    second: live.second,
    settling: () => live.phase("waiting for what is on its way"),
    ended: () => live.end(),
  };
  const run = { plan, target, machine, workers, version: VERSION };
  const ran = await runLoad(run, progress, signal);
  switch (ran.kind) {
    case "refused":
      throw refusedError(ran.refusal, plan, target);
    case "stopped":
      output.warn(
        `Stopped while ${ran.joined} of ${plan.connections} had joined: nothing was sent yet.`,
      );
      return null;
    case "done":
      return ran.result;
  }
}
