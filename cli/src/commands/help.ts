/** `ams help`: of a command, or of a topic. */
import { Command } from "commander";
import { EXIT_CODES } from "../faults/exit-codes.ts";
import { CliError } from "../faults/fault.ts";
import { commandTerm } from "../faults/usage.ts";
import { contextOf } from "../options/context.ts";
import { explain } from "./options.ts";

const EXIT_TOPIC = "exit-codes";

export function helpCommand(program: Command): Command {
  const command = new Command("help")
    .description(`help for a command; \`ams help ${EXIT_TOPIC}\` lists with which status ams ends`)
    .argument("[command...]", `a command, or ${EXIT_TOPIC}`)
    .action((args: readonly string[], _options: object, self: Command) => {
      if (args.length === 1 && args[0] === EXIT_TOPIC) printExitCodes(self);
      else commandOf(program, args).outputHelp();
    });
  return explain(command, `Example:\n  $ ams help link new\n  $ ams help ${EXIT_TOPIC}`);
}

function printExitCodes(self: Command): void {
  const rows = Object.entries(EXIT_CODES).map(([name, { status, meaning }]) => ({
    name,
    status,
    meaning,
  }));
  const { json, answer } = contextOf(self).output;
  if (!json) answer(null, "ams ends with one of these:", "");
  for (const { name, status, meaning } of rows) {
    answer({ status, name, meaning }, `${String(status).padStart(5)}  ${meaning}`);
  }
  if (!json) {
    answer(
      null,
      "",
      "`up`, `mcp` and `conformance` end with the status of what they started.",
      "With --json an error is one object on stderr: {error, message, exit, …}.",
    );
  }
}

function commandOf(program: Command, args: readonly string[]): Command {
  return args.reduce((parent, word) => {
    const found = parent.commands.find((child) =>
      [child.name(), ...child.aliases()].includes(word),
    );
    if (found !== undefined) return found;
    throw new CliError(
      "bad_usage",
      `There is no ${commandTerm(word)} to help with: see \`ams --help\`.`,
    );
  }, program);
}
