/** `ams load`, from the options to the answer. */
import { randomBytes } from "node:crypto";
import { open, rm, writeFile } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CliError } from "../fault.ts";
import { linkOf } from "../link-argument.ts";
import { Book } from "./book.ts";
import { nowUs } from "./clock.ts";
import { type Live, startLive } from "./live.ts";
import { type Machine, readMachine } from "./machine.ts";
import type { Share } from "./messages.ts";
import { type Options, type Plan, planOf } from "./plan.ts";
import { lookAt, type Target } from "./preflight.ts";
import { refusedError } from "./refused.ts";
import { reportOf } from "./report.ts";
import { type LoadResult, resultOf } from "./result.ts";
import { jsonOf } from "./result-json.ts";
import { lengthOf } from "./schedule.ts";
import { Swarm } from "./swarm.ts";
import { tableOf } from "./table.ts";

export type LoadOptions = Options & {
  /** Path of the HTML report; null writes none. */
  readonly report: string | null;
  readonly account: boolean;
};

/**
 * Microseconds between the word to begin and the beginning, so that it reaches every worker before.
 */
const START_US = 300_000;
/** The words that make `ams` a worker. */
const WORKER = ["load", "worker"];

/**
 * Sets the exit status when the wire broke a promise or connections were closed. Throws what
 * refused the run.
 */
export async function runLoad(
  word: string | undefined,
  options: LoadOptions,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const machine = readMachine();
  const plan = planOf(options, machine);
  const link = await linkOf(word, "free", signal);
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
  target: Target,
  machine: Machine,
  { output, signal }: Context,
): Promise<LoadResult | null> {
  const live = startLive(output, lengthOf(plan.rhythm));
  const book = new Book(plan.processes, live.second);
  const startedAt = new Date();
  const swarm = new Swarm(process.argv[1] ?? "", WORKER, sharesOf(plan, target), {
    joining: (joined) => live.joining(joined, plan.connections),
    window: (worker, window) => book.add(worker, window),
  });
  try {
    const refusal = await swarm.joined(signal);
    if (refusal !== null) throw refusedError(refusal, plan, target);
    if (signal.aborted) {
      live.end();
      const { joinedCount } = swarm;
      output.warn(
        `Stopped while ${joinedCount} of ${plan.connections} had joined: nothing was sent yet.`,
      );
      return null;
    }
    const { seconds, settled } = await emit(swarm, live, signal);
    book.end();
    const { url: host, brokerVersion, credential } = target;
    const identity = credential === null ? "guest" : "account";
    const wasInterrupted = signal.aborted;
    const run = { startedAt, host, brokerVersion, identity, plan, machine } as const;
    const { joinSeconds } = swarm;
    return resultOf({ ...run, joinSeconds, seconds, settled, book, wasInterrupted });
  } finally {
    live.end();
    await swarm.leave();
  }
}

async function emit(swarm: Swarm, live: Live, signal: AbortSignal) {
  const atUs = nowUs() + START_US;
  swarm.begin(atUs);
  const sent = await swarm.emitted(signal);
  const seconds = Math.max(0, (nowUs() - atUs) / 1_000_000);
  live.phase("waiting for what is on its way");
  return { seconds, settled: await swarm.settle(sent, signal) };
}

function sharesOf(plan: Plan, { link, credential }: Target): readonly Share[] {
  const { processes, subscribers, emitters, rhythm, payloadBytes, emitOnly } = plan;
  // Two runs in one conversation don't take each other's streams.
  const namePrefix = `load-${randomBytes(4).toString("hex")}-`;
  return Array.from({ length: processes }, (_, worker) => ({
    worker,
    processes,
    link,
    credential,
    namePrefix,
    subscribers,
    emitters,
    rhythm,
    payloadBytes,
    emitOnly,
  }));
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
