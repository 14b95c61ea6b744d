/** Options and arguments that several commands have, so that they read the same everywhere. */
import type { Command } from "commander";
import { readDuration, readMetadata } from "../options/values.ts";

/** What a command calls its link; the help text says the rest. */
export const LINK = "[link]";
export const LINK_HELP = "the magic link; AMS_LINK unless given, - is the first line of stdin";
export const LINK_HELP_STDIN_TAKEN = "the magic link; AMS_LINK unless given";

/** Who one is in a conversation. */
export function declareWho(command: Command): Command {
  return command
    .option("--name <name>", "the stream's name; made up unless given")
    .option("--metadata <json>", "the stream's metadata: a JSON object, or @file", readMetadata)
    .option("--guest", "join as a guest, though there is an account")
    .option("--take-over", "as a guest, take the name though another guest has it")
    .option("--account", "join with the account, though the link is of another host");
}

export function declareReconnect(command: Command, unless: string): Command {
  return command.option(
    "--reconnect-for <time>",
    `try to come back for this long when the connection breaks (${unless})`,
    readDuration,
  );
}

/**
 * Columns of the text below the options: as wide as the rest is on the narrowest usual terminal.
 */
const COLUMNS = 80;

/**
 * The text below a command's options: a real example, and what else is to say. Lines that are
 * indented stay as they are.
 */
export function explain(command: Command, text: string): Command {
  return command.addHelpText("after", `\n${wrapped(text.trim())}\n`);
}

function wrapped(text: string): string {
  const paragraphs = text.replace(/(?<=\S)\n(?=\S)/g, (feed, at: number) =>
    isExample(text, at) ? feed : " ",
  );
  return paragraphs.split("\n").map(wrapLine).join("\n");
}

/** True when the line that ends at `at` is indented, or a heading. */
function isExample(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return line.startsWith(" ") || line.endsWith(":");
}

function wrapLine(line: string): string {
  if (line.startsWith(" ")) return line;
  let column = 0;
  return line.split(" ").reduce((done, word) => {
    const fits = column + 1 + word.length <= COLUMNS;
    column = fits && done !== "" ? column + 1 + word.length : word.length;
    if (done === "") return word;
    return `${done}${fits ? " " : "\n"}${word}`;
  }, "");
}
