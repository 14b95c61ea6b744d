/**
 * What a start prints: where AMS is, and lines to paste into another terminal that need nothing
 * else installed.
 */
import { isAbsolute, relative } from "node:path";
import type { Demo } from "./demo.ts";

export type Shown = {
  readonly baseUrl: string;
  readonly demo: Demo | null;
  /** A file that holds the demo account's Authorization header, for curl. */
  readonly headerFile: string;
  /** The path of the state folder, or what else keeps it. */
  readonly keptIn: string;
  readonly adminUrl: string | null;
  /** What edges with a port of their own have to say. */
  readonly edgeLines: readonly string[];
};

/**
 * Lines of text. It shows the demo conversation's link, which is what it is for, and no credential.
 */
export function banner(shown: Shown): string {
  const { baseUrl, demo, headerFile, keptIn, adminUrl, edgeLines } = shown;
  const head = ["", `AMS is running at ${baseUrl} (kept in ${shortest(keptIn)}).`];
  const operator =
    adminUrl === null ? [] : [`Operators: ${adminUrl}/readyz and ${adminUrl}/metrics`];
  if (demo === null) {
    return lines([
      ...head,
      ...operator,
      "There is no demo: this deployment lets nobody sign up.",
      "",
      ...edgeLines,
    ]);
  }
  const path = `${baseUrl}/v1/${demo.namespace}/conversations`;
  return lines([
    ...head,
    ...operator,
    "",
    "A conversation to try. Whoever has this magic link can join it:",
    `  ${demo.magic_link}`,
    "",
    "Open it in a browser, give it to an agent as the address of an MCP server (docs/CONNECT.md), or",
    "paste this into two other terminals, in this folder, and type:",
    `  npm run join -- '${demo.magic_link}'`,
    "",
    "Mint a conversation of your own, with npm or with curl:",
    "  npm run mint",
    `  curl -X POST -H @${shellWord(shortest(headerFile))} ${path}`,
    "",
    ...edgeLines,
    "The command line has more, in this folder: npx ams --help.",
    "Ctrl-C stops it; accounts, conversations and links survive.",
    "",
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}

function shortest(path: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
