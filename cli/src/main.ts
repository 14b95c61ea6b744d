/** `ams`: reads the command line, runs the one command, and ends with its status. */
import { isatty } from "node:tty";
import { CommanderError } from "commander";
import { EXIT_CODES } from "./faults/exit-codes.ts";
import { CliError } from "./faults/fault.ts";
import { HELP_INSTEAD, usageErrorOf } from "./faults/usage.ts";
import { buildProgram } from "./program.ts";
import { interrupt, interruptStatus, listenForSignals } from "./terminal/interrupt.ts";

const args = process.argv.slice(2);
const isJson = args.includes("--json");

/** The status for an answer that could not be written, once that is so. */
let unwritten: Promise<number> | null = null;

listenForSignals();
process.stdout.on("error", endWhenNobodyReads);
process.stderr.on("error", () => {});
process.once("beforeExit", endOfNothing);
await end(await run());

async function run(): Promise<number> {
  try {
    await buildProgram(isJson).parseAsync(args, { from: "user" });
    return interruptStatus() ?? Number(process.exitCode ?? EXIT_CODES.ok.status);
  } catch (error) {
    if (error instanceof CommanderError) return await endParsing(error);
    const status = interruptStatus();
    if (status !== null) return status; // What an interrupted command throws is the interruption.
    return await fail(error);
  }
}

/** The command line was wrong, or only asked for help or the version. */
async function endParsing(error: CommanderError): Promise<number> {
  if (error.exitCode === 0) return EXIT_CODES.ok.status;
  const isSaidByHelp = error.code === HELP_INSTEAD && !isJson;
  return isSaidByHelp ? EXIT_CODES.usage.status : await fail(usageErrorOf(error));
}

/** Says why; loaded only now, as it brings the SDK. */
async function fail(error: unknown): Promise<number> {
  const { failureOf, stackOf, report } = await import("./faults/fail.ts");
  const failure = failureOf(error);
  report(failure, isJson);
  if (process.env.AMS_DEBUG && error instanceof Error) process.stderr.write(stackOf(error));
  return failure.status;
}

/**
 * Nothing is left that could settle what the command waits for: Node would end silently, with
 * a status of its own (13).
 */
function endOfNothing(): void {
  const sentence = "A fault of ams itself: it waits for what will never come.";
  fail(new CliError("internal", sentence)).then(process.exit, process.exit);
}

/**
 * Ends when what was written is out; stdin or a socket that is still open must not hold the
 * process.
 */
async function end(status: number): Promise<void> {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  const last = (await unwritten) ?? status;
  // A terminal that has gone can't be reset, and Node would abort over that. All is done, and
  // nobody sees the status.
  if (process.stdin.isTTY === true && !isatty(0)) process.kill(process.pid, "SIGKILL");
  process.exit(last);
}

/** Resolves when all is written, or can't be, and error listeners have run. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => setImmediate(resolve));
  });
}

/**
 * The reader of a pipe has gone, as `head` does: leave in good order; that is no failure, and there
 * is nobody to notify.
 */
function endWhenNobodyReads(error: NodeJS.ErrnoException): void {
  const isTerminalGone = error.code === "EIO" && process.stdout.isTTY === true;
  if (error.code === "EPIPE" || isTerminalGone) {
    interrupt(isTerminalGone ? "terminated" : "ok");
    return;
  }
  const sentence = `What ams says can't be written (${error.code ?? error.message}).`;
  unwritten ??= fail(new CliError("file_unusable", sentence, {}, error));
  unwritten.then(process.exit, process.exit);
}
