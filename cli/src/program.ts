/**
 * The commands of `ams`. What a command says about itself is declared in `commands`; what it does
 * is in `actions`, and is loaded only when it is called, so that `ams --help` starts at once.
 */
import { Command } from "commander";
import { accountCommand } from "./commands/account.ts";
import {
  closeCommand,
  inspectCommand,
  listCommand,
  mintCommand,
} from "./commands/conversations.ts";
import { helpCommand } from "./commands/help.ts";
import { keyCommand } from "./commands/keys.ts";
import { linkCommand } from "./commands/links.ts";
import { mailCommand } from "./commands/mail.ts";
import { operatorCommand } from "./commands/operator.ts";
import { explain } from "./commands/options.ts";
import {
  configCommand,
  conformanceCommand,
  doctorCommand,
  mcpCommand,
  upCommand,
} from "./commands/others.ts";
import { completionCommand, manCommand } from "./commands/reference.ts";
import { joinCommand, pipeCommand, sendCommand, tailCommand } from "./commands/talking.ts";
import { webhookCommand } from "./commands/webhooks.ts";
import { workflowCommand } from "./commands/workflow.ts";
import { throwFor } from "./faults/usage.ts";
import { loadCommand } from "./load/command.ts";
import { declareGlobalOptions } from "./options/global-options.ts";
import { wantsColors } from "./terminal/output.ts";
import { VERSION } from "./version.ts";

const SUMMARY = `The Agent Messaging Service at a shell prompt: mint a conversation, share its magic link, join, listen, send.`;

const GROUPS: readonly (readonly [string, () => readonly Command[]])[] = [
  [
    "Conversations:",
    () => [mintCommand(), listCommand(), inspectCommand(), linkCommand(), closeCommand()],
  ],
  ["Being in one:", () => [joinCommand(), tailCommand(), sendCommand(), pipeCommand()]],
  ["Mail and workflows:", () => [mailCommand(), workflowCommand()]],
  ["Who you are:", () => [accountCommand(), keyCommand(), webhookCommand(), configCommand()]],
  [
    "Deployments:",
    () => [
      upCommand(),
      doctorCommand(),
      loadCommand(),
      conformanceCommand(),
      mcpCommand(),
      operatorCommand(),
    ],
  ],
];

const EPILOGUE = `
Example:
  $ ams account create falcon --url http://127.0.0.1:8080
  $ export AMS_LINK=$(ams mint)
  $ ams join

Every command has --help with an example; \`ams help exit-codes\` lists with which status it ends. No credential is ever
an argument, as other users of the machine see those: it is in the profile or in AMS_CREDENTIAL. The link may be in AMS_LINK.`;

/** `isJson` is true with --json: stderr has JSON then, and no help. */
export function buildProgram(isJson: boolean): Command {
  const program = declareGlobalOptions(new Command("ams"))
    .description(SUMMARY)
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError(false);
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading);
    for (const command of commands()) program.addCommand(command);
  }
  program.commandsGroup("Help:");
  for (const make of [helpCommand, completionCommand, manCommand])
    program.addCommand(make(program));
  explain(program, EPILOGUE);
  inheritTo(program, isJson);
  return program;
}

/** Commands that were made elsewhere don't inherit: each gets its output and its way to end. */
function inheritTo(command: Command, isJson: boolean): void {
  command.helpOption("-h, --help", "print this help");
  command.exitOverride(throwFor(command)).configureOutput({
    outputError: () => {}, // Reported once, by `main`.
    ...(isJson ? { writeErr: () => {} } : {}),
    getOutHasColors: () => wantsColors(undefined, process.stdout),
  });
  command.helpCommand(false).configureHelp({
    showGlobalOptions: true,
    // What it takes, without the words that every command would have.
    subcommandTerm: (child) =>
      `${child.name()} ${child.usage().replace(/\[(options|command)\] ?/g, "")}`.trim(),
    styleTitle: (title) =>
      wantsColors(undefined, process.stdout) ? `\x1b[1m${title}\x1b[22m` : title,
  });
  for (const child of command.commands) inheritTo(child, isJson);
}
