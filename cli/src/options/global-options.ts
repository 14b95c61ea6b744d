/** The options that every command has, before its name or after it. */
import type { Command } from "commander";

export type GlobalOptions = {
  /** Where AMS is: AMS_URL and the profile's unless given. */
  readonly url?: string;
  /** Which profile: AMS_PROFILE, or `default`. */
  readonly profile?: string;
  /**
   * A file that holds the credential, or `-` for stdin, instead of AMS_CREDENTIAL and the
   * profile's.
   */
  readonly credentialFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** False with --no-color. */
  readonly color?: boolean;
};

export function declareGlobalOptions(program: Command): Command {
  return program
    .option("--url <url>", "where AMS is (AMS_URL; else the profile's, else http://127.0.0.1:8080)")
    .option("--profile <name>", "which account of yours (AMS_PROFILE; else `default`)")
    .option(
      "--credential-file <path>",
      "read the credential there, - is stdin (else AMS_CREDENTIAL; else the profile's)",
    )
    .option("--json", "print JSON, one value a line, and errors as JSON on stderr")
    .option("--quiet", "print the answer and nothing beside it")
    .option("--no-color", "no colours (NO_COLOR)");
}

/** Those of a command, wherever they stood on the command line. */
export function globalOptionsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
