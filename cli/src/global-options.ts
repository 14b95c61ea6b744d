/** The options that every command has, before its name or behind it. */
import type { Command } from "commander";

export type GlobalOptions = {
  /** Where AMS is: AMS_URL and the profile's unless given. */
  readonly url?: string;
  /** Which profile: AMS_PROFILE, or `default`. */
  readonly profile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** False with --no-color. */
  readonly color?: boolean;
};

export function declareGlobalOptions(program: Command): Command {
  return program
    .option("--url <url>", "where AMS is (AMS_URL; else the profile's, else http://127.0.0.1:8080)")
    .option("--profile <name>", "which account of yours (AMS_PROFILE; else `default`)")
    .option("--json", "print JSON, one value a line, and errors as JSON on stderr")
    .option("--quiet", "print the answer and nothing beside it")
    .option("--no-color", "no colours (NO_COLOR)");
}

/** Those of a command, wherever they stood on the command line. */
export function globalOptionsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
