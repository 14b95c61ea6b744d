/** `ams completion`, `man`: what shells and man(1) are given. */
import { Argument, Command, InvalidArgumentError } from "commander";
import { completionScript, SHELLS, type Shell } from "../reference/completion.ts";
import { manPage } from "../reference/man.ts";
import { writeOut } from "../terminal/output.ts";
import { explain } from "./options.ts";

export function completionCommand(program: Command): Command {
  const command = new Command("completion")
    .description("print a script by which a shell completes commands and options")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").argParser(readShell))
    .action((shell: Shell) => writeOut(completionScript(program, shell)));
  return explain(
    command,
    `
For zsh and fish: \`source <(ams completion zsh)\`, \`ams completion fish | source\`. Put the line in the shell's start file
to have it always.

Example:
  $ source <(ams completion bash)`,
  );
}

function readShell(text: string): Shell {
  const shell = SHELLS.find((one) => one === text);
  if (shell === undefined) throw new InvalidArgumentError("It is bash, zsh or fish.");
  return shell;
}

export function manCommand(program: Command): Command {
  const command = new Command("man")
    .description("print the manual page, in the format of man(7)")
    .action(() => writeOut(manPage(program)));
  return explain(command, "Example:\n  $ ams man > ams.1");
}
