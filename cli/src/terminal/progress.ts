/**
 * A bar on stderr for what takes longer than 2 s, on a terminal only: nothing of it is ever in a
 * file or a pipe. The line is wiped at the end.
 */
import type { Output } from "./output.ts";

/** Milliseconds before a bar shows: what is over sooner needs none. */
const SHOW_AFTER_MS = 2_000;
/** Milliseconds between two pictures: smooth to the eye, cheap over ssh. */
const PICTURE_MS = 100;
/** Columns of the bar itself. */
const BAR_COLUMNS = 24;
/** Columns per step when nobody knows how much there is. */
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

export type Progress = {
  /**
   * How far it is: `done` of `total`, or of an unknown amount with null; `text` says of what.
   */
  readonly set: (done: number, total: number | null, text: string) => void;
  /** Wipes the bar until its next picture, so that a line can be printed. */
  readonly clear: () => void;
  /** Removes the bar; calling it again is fine. */
  readonly end: () => void;
};

/** Nothing shows with --quiet, with --json or without a terminal. */
export function startProgress(output: Output, text: string): Progress {
  if (output.quiet || output.json || process.stderr.isTTY !== true) {
    return { set: () => {}, clear: () => {}, end: () => {} };
  }
  const startedAt = performance.now();
  let picture: () => string = () => `${spinner(startedAt)} ${text} …`;
  let shown = false;
  const timer = setInterval(() => {
    if (performance.now() - startedAt < SHOW_AFTER_MS) return;
    shown = true;
    const columns = process.stderr.columns ?? 80;
    process.stderr.write(`\r\x1b[K${picture().slice(0, columns - 1)}`);
  }, PICTURE_MS);
  timer.unref();
  const clear = () => {
    if (shown) process.stderr.write("\r\x1b[K");
    shown = false;
  };
  return {
    set: (done, total, what) => {
      picture = () => barOf(done, total, what, startedAt);
    },
    clear,
    end: () => {
      clearInterval(timer);
      clear();
    },
  };
}

/** Shows that a request is under way, should it take long. */
export async function withProgress<Result>(
  output: Output,
  text: string,
  step: () => Promise<Result>,
): Promise<Result> {
  const progress = startProgress(output, text);
  try {
    return await step();
  } finally {
    progress.end();
  }
}

/** One picture: a bar with its percentage, or a spinner. */
export function barOf(done: number, total: number | null, text: string, startedAt: number) {
  if (total === null || total <= 0) return `${spinner(startedAt)} ${text} (${done})`;
  const part = Math.min(1, done / total);
  const full = Math.round(part * BAR_COLUMNS);
  const bar = "█".repeat(full) + "░".repeat(BAR_COLUMNS - full);
  return `${bar} ${String(Math.round(part * 100)).padStart(3)} % ${text}`;
}

function spinner(startedAt: number): string {
  const step = Math.floor((performance.now() - startedAt) / PICTURE_MS);
  return SPINNER[step % SPINNER.length] ?? "";
}
