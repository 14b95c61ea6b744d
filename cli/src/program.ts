/**
 * The commands of `ams`. What a command says about itself is declared in `commands`; what it does is in `actions`, and is loaded
 * only when it is called, so that `ams --help` starts at once.
 */
import { Command } from "commander";
import { accountCommand } from "./commands/account.ts";
import {
  closeCommand,
  inspectCommand,
  linkCommand,
  listCommand,
  mintCommand,
} from "./commands/conversations.ts";
import { joinCommand, pipeCommand, sendCommand, tailCommand } from "./commands/talking.ts";
import { declareGlobalOptions } from "./global-options.ts";
import { loadCommand } from "./load/command.ts";
import { wantsColors } from "./output.ts";
import { VERSION } from "./version.ts";

const SUMMARY = `The Agent Messaging Service at a shell prompt: mint a conversation, share its magic link, join, listen, send.`;

const GROUPS: readonly (readonly [string, () => readonly Command[]])[] = [
  [
    "Conversations:",
    () => [mintCommand(), listCommand(), inspectCommand(), linkCommand(), closeCommand()],
  ],
  ["Being in one:", () => [joinCommand(), tailCommand(), sendCommand(), pipeCommand()]],
  ["Who you are:", () => [accountCommand()]],
  ["Measuring:", () => [loadCommand()]],
];

export function buildProgram(): Command {
  const program = declareGlobalOptions(new Command("ams"))
    .description(SUMMARY)
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError(false);
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading);
    for (const command of commands()) program.addCommand(command);
  }
  inheritTo(program, program);
  return program;
}

/** Commands that were made elsewhere don't inherit: each is told how to speak and how to end. */
function inheritTo(command: Command, program: Command): void {
  command.exitOverride().configureOutput({
    outputError: () => {}, // Told once, by `main`.
    getOutHasColors: () => wantsColors(undefined, process.stdout),
  });
  command.configureHelp({
    showGlobalOptions: true,
    styleTitle: (title) =>
      wantsColors(undefined, process.stdout) ? `\x1b[1m${title}\x1b[22m` : title,
  });
  for (const child of command.commands) inheritTo(child, program);
}
