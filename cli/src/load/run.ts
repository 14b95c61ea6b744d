/** `ams load`, from the options to the answer. */
import { open, rm, writeFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import {
  jsonOf,
  type LoadResult,
  lengthOf,
  type Machine,
  type Plan,
  readMachine,
  reportOf,
  runLoad,
  tableOf,
} from "@ams/loadtest";
import { linkOf } from "../conversation/link-argument.ts";
import { EXIT_CODES } from "../faults/exit-codes.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { VERSION } from "../version.ts";
import { startLive } from "./live.ts";
import { type Options, planOf } from "./plan.ts";
import { type LoadTarget, lookAt } from "./preflight.ts";
import { refusedError } from "./refused.ts";

export type LoadOptions = Options & {
  /** Path of the HTML report; null writes none. */
  readonly report: string | null;
  readonly account: boolean;
};

/** The arguments that make `ams` a worker. */
const WORKER = ["load", "worker"];

/**
 * Sets the exit status when the wire broke a promise or connections were closed. Throws what
 * refused the run.
 */
export async function runLoadCommand(
  argument: string | undefined,
  options: LoadOptions,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const machine = readMachine();
  const plan = planOf(options, machine);
  const link = await linkOf(argument, "free", signal);
  const target = await lookAt(link, options.account, context);
  const report = options.report === null ? null : await Report.at(options.report);
  const result = await perform(plan, target, machine, context).catch(async (error) => {
    await report?.discard();
    throw error;
  });
  if (result === null) {
    await report?.discard();
    return;
  }
  output.answer(jsonOf(result), ...tableOf(result, output.colors));
  if (report !== null) {
    await report.write(result);
    output.note(`The report is ${report.path}`);
  }
  if (result.outcome === "broken" || result.outcome === "cut") {
    process.exitCode = EXIT_CODES.lost.status;
  }
}

/** Null when it was stopped before anything could be measured. */
async function perform(
  plan: Plan,
  target: LoadTarget,
  machine: Machine,
  { output, signal }: Context,
): Promise<LoadResult | null> {
  const live = startLive(output, lengthOf(plan.rhythm));
  const worker = { program: process.argv[1] ?? "", words: WORKER };
  const progress = {
    joining: (joined: number) => live.joining(joined, plan.connections),
    second: live.second,
    settling: () => live.phase("waiting for what is on its way"),
    ended: () => live.end(),
  };
  const run = { plan, target, machine, worker, version: VERSION };
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

/**
 * The file of the report, found writable before the run and not after it. What it held stays until
 * there is something new.
 */
class Report {
  readonly path: string;
  /** It wasn't there, or empty. */
  readonly #isNew: boolean;

  private constructor(path: string, isNew: boolean) {
    this.path = path;
    this.#isNew = isNew;
  }

  static async at(given: string): Promise<Report> {
    const path = isAbsolute(given) ? given : resolve(given);
    try {
      const file = await open(path, "a");
      const about = await file.stat().finally(() => file.close());
      return new Report(path, about.isFile() && about.size === 0);
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  async write(result: LoadResult): Promise<void> {
    const text = await reportOf(result);
    await writeFile(this.path, text).catch((cause) => {
      throw unwritable(cause);
    });
  }

  /** Leaves no empty file of a run that never was. */
  async discard(): Promise<void> {
    if (this.#isNew) await rm(this.path, { force: true });
  }
}

function unwritable(cause: unknown): CliError {
  return new CliError("file_unusable", "The file of --report can't be written.", {}, cause);
}
