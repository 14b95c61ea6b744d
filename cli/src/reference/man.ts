/**
 * The manual page of `ams`, in the format of man(7), made from what the commands say of themselves.
 */
import type { Command } from "commander";
import { EXIT_CODES } from "../faults/exit-codes.ts";
import { VERSION } from "../version.ts";

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["AMS_URL", "The deployment, where --url is not given."],
  ["AMS_LINK", "The magic link, where none is given."],
  ["AMS_PROFILE", "The profile, where --profile is not given."],
  ["AMS_CREDENTIAL", "The account's credential, instead of the profile's."],
  ["AMS_INVITE", "The invite code for account create, where the operator asks for one."],
  ["AMS_OPERATOR_KEY", "The operator key, for ams operator."],
  ["AMS_OPERATOR_URL", "Control's admin port, for ams operator; else http://127.0.0.1:9091."],
  ["NO_COLOR", "No colours."],
  ["AMS_DEBUG", "1 prints where in the program a failure came from."],
];

export function manPage(program: Command): string {
  const sections = [
    `.TH AMS 1 "" "ams ${VERSION}" "Agent Messaging Service"`,
    `.SH NAME\nams \\- ${roff(firstSentence(program.description()))}`,
    ".SH SYNOPSIS\n.B ams\n[options] command [arguments]",
    `.SH DESCRIPTION\n${roff(program.description())}`,
    `.SH OPTIONS\n${optionsOf(program)}`,
    `.SH COMMANDS\n${program.commands.map((command) => commandText(command, "ams")).join("\n")}`,
    `.SH ENVIRONMENT\n${ENVIRONMENT.map(([name, text]) => item(name, text)).join("\n")}`,
    `.SH EXIT STATUS\n${Object.values(EXIT_CODES)
      .map(({ status, meaning }) => item(String(status), meaning))
      .join("\n")}`,
  ];
  return `${sections.join("\n")}\n`;
}

function commandText(command: Command, parent: string): string {
  const path = `${parent} ${command.name()}`;
  const head = `.SS "${roff(path)} ${roff(command.usage())}"\n${roff(command.description())}`;
  const children = command.commands.map((child) => commandText(child, path));
  return [head, optionsOf(command), ...children].filter((part) => part !== "").join("\n");
}

function optionsOf(command: Command): string {
  return command.options.map(({ flags, description }) => item(flags, description)).join("\n");
}

function item(term: string, text: string): string {
  return `.TP\n.B ${roff(term)}\n${roff(text)}`;
}

function firstSentence(text: string): string {
  return text.split(":")[0] ?? text;
}

/** Text that roff prints as it is. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/gm, "\\&$&");
}
