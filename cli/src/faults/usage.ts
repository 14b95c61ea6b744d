/**
 * A wrong command line, in one sentence: what commander found, in our words. It repeats no value,
 * as that may be a link or a credential which was given at the wrong position; only what looks like
 * the name of a command or of an option is said again.
 */
import type { Command, CommanderError } from "commander";
import { CliError } from "./fault.ts";

/**
 * What commander throws when a command was called without its subcommand, after it has printed the
 * help.
 */
export const HELP_INSTEAD = "commander.help";

const COMMAND_NAME = /^[a-z][a-z-]{0,20}$/;
const OPTION_NAME = /^(?:--[a-z][a-z-]{0,30}|-[a-zA-Z])$/;

/** Which command found the fault: commander's errors don't say. */
const finders = new WeakMap<CommanderError, Command>();

/** For `exitOverride` of a command. */
export function throwFor(command: Command): (error: CommanderError) => never {
  return (error) => {
    finders.set(error, command);
    throw error;
  };
}

export function usageErrorOf(error: CommanderError): CliError {
  const finder = finders.get(error);
  const command = finder === undefined ? "ams" : pathOf(finder);
  return new CliError("bad_usage", `${sentenceOf(error, command)}: see \`${command} --help\`.`);
}

/** Repeats an argument when it looks like a command's name, else what it is. */
export function commandTerm(argument: string): string {
  return COMMAND_NAME.test(argument) ? `command '${argument}'` : "such command";
}

/** `ams account create`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function sentenceOf({ code, message }: CommanderError, command: string): string {
  const quoted = /^[^']*'(.*?)'(?= argument| is|$|\.|\n)/s.exec(message)?.[1] ?? "";
  switch (code) {
    case "commander.unknownCommand":
      return unknownCommand(message);
    case "commander.unknownOption":
      return unknownOption(message);
    case "commander.missingArgument":
      return `The argument <${quoted}> is missing`;
    case "commander.missingMandatoryOptionValue":
      return `The option ${/'(--[a-z-]+)/.exec(message)?.[1] ?? "that it needs"} is missing`;
    case "commander.optionMissingArgument":
      return `${quoted} has no value`;
    case "commander.invalidArgument":
      return invalidValue(message, quoted);
    case "commander.excessArguments":
      return `\`${command}\` takes ${/Expected (\d+)/.exec(message)?.[1] ?? "no"} arguments and got ${/got (\d+)/.exec(message)?.[1] ?? "more"}`;
    case HELP_INSTEAD:
      return "A command is missing";
    default:
      return "The command line can't be read";
  }
}

function unknownCommand(message: string): string {
  const word = /unknown command '(.*?)'(?:\n\(Did|$)/s.exec(message)?.[1] ?? "";
  if (word.includes("://")) return "A command is missing before the link";
  return `There is no ${commandTerm(word)}${meant(message)}`;
}

function unknownOption(message: string): string {
  const [flag = ""] = (/unknown option '(.*?)'(?:\n\(Did|$)/s.exec(message)?.[1] ?? "").split("=");
  const which = OPTION_NAME.test(flag) ? `option '${flag}'` : "such option";
  return `There is no ${which}${meant(message)}`;
}

/** commander's sentence, the value, and the sentence of the reader (`values.ts`), in this order. */
function invalidValue(message: string, option: string): string {
  const why = /^.*' is invalid\. (.*)$/s.exec(message)?.[1] ?? "It can't be read.";
  const [name = option] = option.split(" ");
  return `The value of ${name} is wrong: ${why.charAt(0).toLowerCase()}${why.slice(1).replace(/\.$/, "")}`;
}

function meant(message: string): string {
  const names = /\n\(Did you mean (.*)\?\)$/.exec(message)?.[1];
  return names === undefined ? "" : ` (did you mean ${names}?)`;
}
