/**
 * What a run looks like while it goes on: one line on a terminal, drawn anew; else a line every
 * ten seconds.
 */
import { addTally, count, emptyTally, faultsOf, type Second, span } from "@ams/loadtest";
import type { Output } from "../terminal/output.ts";

/** Seconds between two lines where there is no terminal. */
const LINE_S = 10;

/** Milliseconds between two pictures of what changes quickly. */
const PICTURE_MS = 100;

export type Live = {
  readonly joining: (joined: number, all: number) => void;
  readonly second: (second: Second) => void;
  /** A phase that takes a while, as text. */
  readonly phase: (text: string) => void;
  /** Wipes the line. */
  readonly end: () => void;
};

const SILENT: Live = { joining: () => {}, second: () => {}, phase: () => {}, end: () => {} };

/** `length_s` is how long tokens will be sent. Nothing shows with --quiet or --json. */
export function startLive(output: Output, length_s: number): Live {
  if (output.quiet || output.json) return SILENT;
  const isTerminal = process.stderr.isTTY === true;
  const draw = (line: string) => {
    if (isTerminal) process.stderr.write(`\r\x1b[K${line.slice(0, columns() - 1)}`);
  };
  const tally = emptyTally();
  let reportedAt = 0;
  let drawnAt = 0;
  return {
    joining: (joined, all) => {
      if (joined < all && performance.now() - drawnAt < PICTURE_MS) return;
      drawnAt = performance.now();
      draw(`joining: ${count(joined)} of ${count(all)}`);
    },
    second: (second) => {
      addTally(tally, second.tally);
      // The last is no whole one, and after the end of sending there is only what is waited for.
      if (!second.isWhole || second.at_s >= length_s) return;
      const { latency, tally: now } = second;
      const line = `${second.at_s + 1} of ${length_s} s  p50 ${span(latency.p50)}  p99 ${span(latency.p99)}  lost ${count(tally.lost)}  faults ${count(faultsOf(tally))}  ${count(now.emitted)} tokens/s  ${count(now.received)} deliveries/s${comings(now)}`;
      draw(line);
      if (isTerminal || second.at_s + 1 < reportedAt + LINE_S) return;
      reportedAt = second.at_s + 1;
      process.stderr.write(`${line}\n`);
    },
    phase: draw,
    end: () => {
      if (isTerminal) process.stderr.write("\r\x1b[K");
    },
  };
}

/** Who came and went in this second, where the plan has that. */
function comings({ visits, drops, refused }: Second["tally"]): string {
  const parts = [
    ...(visits > 0 ? [`+${count(visits)} visitors`] : []),
    ...(drops > 0 ? [`${count(drops)} dropped`] : []),
    ...(refused > 0 ? [`${count(refused)} refused`] : []),
  ];
  return parts.length === 0 ? "" : `  ${parts.join(" ")}`;
}

function columns(): number {
  return process.stderr.columns || 80; // 0 where a terminal doesn't say.
}
