/**
 * The link of a command: an argument, `-` for the first line of stdin, or AMS_LINK, which other
 * users of the machine can't see.
 */
import { CliError } from "../faults/fault.ts";
import { firstLineOfStdin } from "../terminal/input.ts";
import { linkAddressOf } from "./link-address.ts";

const LINK_TOKEN = /^[\w-]{43}$/;

/** The arguments of the command after the link. `wanted` is how many there must be. */
export type LinkAndRest = { readonly link: string; readonly rest: readonly string[] };

/**
 * Takes the link from the front of `args`, unless AMS_LINK has it and the arguments are then
 * exactly enough. `stdin` says whether `-` may read it from there.
 */
export async function takeLink(
  args: readonly string[],
  wanted: number,
  stdin: "free" | "taken",
  signal: AbortSignal,
): Promise<LinkAndRest> {
  const taken = await take(args, wanted, stdin, signal);
  const fault = faultOf(taken.link.trim());
  if (fault !== null) throw new CliError("invalid_link", fault);
  return taken;
}

async function take(
  args: readonly string[],
  wanted: number,
  stdin: "free" | "taken",
  signal: AbortSignal,
): Promise<LinkAndRest> {
  const { AMS_LINK } = process.env;
  if (args.length === wanted && AMS_LINK) return { link: AMS_LINK, rest: args };
  const [first, ...rest] = args;
  if (first === undefined || isMissing(args, wanted)) throw linkMissing();
  if (first !== "-") return { link: first, rest };
  if (stdin === "taken") {
    throw new CliError("bad_usage", "Stdin is the text here: give the link in AMS_LINK.");
  }
  return { link: await firstLine(signal), rest };
}

/** True when what is there is what should follow the link, or nothing, as of an unset variable. */
function isMissing([first = "", ...rest]: readonly string[], wanted: number): boolean {
  if (first.trim() === "") return true;
  return rest.length < wanted && first !== "-" && !first.includes("://");
}

function linkMissing(): CliError {
  return new CliError(
    "bad_usage",
    "The magic link is missing: give it as an argument, as - on stdin, or in AMS_LINK.",
  );
}

/** The link of a command that takes nothing else. */
export async function linkOf(
  argument: string | undefined,
  stdin: "free" | "taken",
  signal: AbortSignal,
): Promise<string> {
  return (await takeLink(argument === undefined ? [] : [argument], 0, stdin, signal)).link;
}

async function firstLine(signal: AbortSignal): Promise<string> {
  const line = await firstLineOfStdin(signal);
  if (line === null) throw new CliError("bad_usage", "There is no link on stdin.");
  return line;
}

/**
 * What is wrong with a link that can be seen by looking at it; the sentence never repeats it. Null
 * when nothing is.
 */
function faultOf(link: string): string | null {
  if (!URL.canParse(link)) return "The magic link is not a URL.";
  const { protocol, searchParams } = new URL(link);
  if (!/^https?:$/.test(protocol)) return "A magic link begins with http:// or https://.";
  if (linkAddressOf(link) === null) {
    return "This URL is not a magic link: its path should end in /<namespace>/conversations/<alias>.";
  }
  const token = searchParams.get("t");
  if (token === null) {
    return "The magic link is cut off: its end, ?t=…, is missing. In a shell, put it in quotes.";
  }
  return LINK_TOKEN.test(token)
    ? null
    : "The magic link is damaged: the 43 characters after ?t= are not whole.";
}
