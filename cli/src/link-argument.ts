/** The link of a command: an argument, `-` for the first line of stdin, or AMS_LINK, which other users of the machine can't see. */
import { CliError } from "./fault.ts";
import { readLines, readText } from "./input.ts";

/** The words of the command that follow the link. `wanted` is how many there must be. */
export type LinkAndRest = { readonly link: string; readonly rest: readonly string[] };

/**
 * Takes the link from the front of `words`, unless AMS_LINK has it and the words are then exactly enough. `stdin` says whether
 * `-` may read it from there.
 */
export async function takeLink(
  words: readonly string[],
  wanted: number,
  stdin: "free" | "taken",
  signal: AbortSignal,
): Promise<LinkAndRest> {
  const { AMS_LINK } = process.env;
  if (words.length === wanted && AMS_LINK) return { link: AMS_LINK, rest: words };
  const [first, ...rest] = words;
  if (first === undefined) {
    throw new CliError(
      "bad_usage",
      "The magic link is missing: give it as an argument, as - on stdin, or in AMS_LINK.",
    );
  }
  if (first !== "-") return { link: first, rest };
  if (stdin === "taken") {
    throw new CliError("bad_usage", "Stdin is the text here: give the link in AMS_LINK.");
  }
  return { link: await firstLine(signal), rest };
}

/** The link of a command that takes nothing else. */
export async function linkOf(
  word: string | undefined,
  stdin: "free" | "taken",
  signal: AbortSignal,
): Promise<string> {
  return (await takeLink(word === undefined ? [] : [word], 0, stdin, signal)).link;
}

async function firstLine(signal: AbortSignal): Promise<string> {
  const lines = readLines(readText(process.stdin, signal), () => {});
  const first = await lines.next();
  if (first.done || first.value.trim() === "") {
    throw new CliError("bad_usage", "There is no link on stdin.");
  }
  return first.value.trim();
}
