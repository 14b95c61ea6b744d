/** `ams`: reads the command line, runs the one command, and ends with its status. */
import { CommanderError } from "commander";
import { EXIT_CODES } from "./exit-codes.ts";
import { failureOf, tell } from "./fail.ts";
import { hearSignals, interrupt, interruptStatus } from "./interrupt.ts";
import { buildProgram } from "./program.ts";
import { usageErrorOf } from "./usage.ts";

const words = process.argv.slice(2);

hearSignals();
process.stdout.on("error", endWhenNobodyReads);
process.stderr.on("error", () => {});
end(await run());

async function run(): Promise<number> {
  try {
    await buildProgram().parseAsync(words, { from: "user" });
    return interruptStatus() ?? Number(process.exitCode ?? EXIT_CODES.ok.status);
  } catch (error) {
    const cause = error instanceof CommanderError ? usageErrorOf(error) : error;
    if (cause === null) return EXIT_CODES.ok.status;
    const status = interruptStatus();
    if (status !== null) return status; // What an interrupted command throws is the interruption.
    const failure = failureOf(cause);
    tell(failure, words.includes("--json"));
    if (process.env.AMS_DEBUG && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
    return failure.status;
  }
}

/** Ends when what was written is out; stdin or a socket that is still open must not hold the process. */
function end(status: number): void {
  process.exitCode = status;
  process.stdout.write("", () => process.stderr.write("", () => process.exit(status)));
}

/** The reader of a pipe has gone, as `head` does: leave in good order; that is no failure, and there is nobody to tell. */
function endWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") interrupt("ok");
  else {
    tell(failureOf(error), words.includes("--json"));
    process.exit(EXIT_CODES.internal.status);
  }
}
