/**
 * Where a command's output goes. Stdout holds the answer and nothing else: lines for people, or
 * with
 * --json one JSON value a line. Stderr holds notes, warnings and progress, with --json one JSON
 * value a line too. --quiet leaves the answer and the errors.
 */
import { writeSync } from "node:fs";
import colors from "picocolors";
import type { GlobalOptions } from "../options/global-options.ts";

export type Colors = ReturnType<typeof colors.createColors>;

export type Output = {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Colours for stdout; all of them do nothing where none are wanted. */
  readonly colors: Colors;
  /**
   * The answer: `value` with --json, else the lines. What others wrote must have been made harmless
   * in the lines.
   */
  readonly answer: (value: unknown, ...lines: readonly string[]) => void;
  /**
   * A line of the answer that only people read, such as a sentence of success: not with --json or
   * --quiet.
   */
  readonly say: (line: string) => void;
  /** A note beside the answer, on stderr; not with --quiet. */
  readonly note: (sentence: string) => void;
  /** The same, with --quiet too. */
  readonly warn: (sentence: string) => void;
};

export function outputOf({ json = false, quiet = false, color }: GlobalOptions): Output {
  const print = (sentence: string) =>
    writeErr(json ? `${JSON.stringify({ note: plain(sentence) })}\n` : `${sentence}\n`);
  return {
    json,
    quiet,
    colors: colors.createColors(wantsColors(color, process.stdout)),
    answer: (value, ...lines) => {
      for (const line of json ? [JSON.stringify(value)] : lines) writeOut(`${line}\n`);
    },
    say: (line) => {
      if (!json && !quiet) writeOut(`${line}\n`);
    },
    note: (sentence) => {
      if (!quiet) print(sentence);
    },
    warn: print,
  };
}

/** --no-color and NO_COLOR say no, FORCE_COLOR says yes, else it is a question of the terminal. */
export function wantsColors(color: boolean | undefined, stream: { readonly isTTY?: boolean }) {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (color === false || (NO_COLOR ?? "") !== "") return false;
  if ((FORCE_COLOR ?? "") !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}

export function writeOut(text: string): void {
  process.stdout.write(text);
}

/** A sentence without the mark that distinguishes it from an answer on a terminal. */
function plain(sentence: string): string {
  return sentence.replace(/^(?:\* |ams: )/, "");
}

function writeErr(text: string): void {
  process.stderr.write(text);
}

/** Writes at once, also while the process ends. What can't be written is of no interest then. */
export function writeAtExit(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch {
    // The terminal is gone.
  }
}
