/** A wrong command line, in one sentence: what commander found, with its suggestion, in our words. */
import type { CommanderError } from "commander";
import { CliError } from "./fault.ts";

/** What commander throws when a command was called without its subcommand, after it has printed the help. */
export const HELP_INSTEAD = "commander.help";

export function usageErrorOf(error: CommanderError): CliError {
  const [first = "", second = ""] = error.message.replace(/^error: /, "").split("\n");
  const said = first.replace(/\.$/, "");
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  const meant = /^\(Did you mean (.*)\?\)$/.exec(second)?.[1];
  const hint = meant === undefined ? "see `ams --help`" : `did you mean ${meant}?`;
  return new CliError("bad_usage", `${sentence}: ${hint}`);
}
