/**
 * The magic link as a page in a real browser, while very many streams speak: does it still draw,
 * answer keys, forget?
 */
import type { Case } from "../case.ts";
import type { PageMeasured } from "../ground.ts";
import { type Row, row } from "../row.ts";

const LOAD = { streams: 20, tokensPerSecond: 50, seconds: 60 };
const SMOKE_SECONDS = 2;
/**
 * Milliseconds after which a frame counts as dropped, and so for a task that would keep one
 * waiting.
 */
const FRAME_MS_MAX = 100;
/** Milliseconds above the idle page's after which a person feels that a key hangs. */
const KEY_ABOVE_MS = 50;
/** MiB of a page's heap: what it keeps of a conversation is bounded by some megabytes. */
const HEAP_MIB_MAX = 32;

export const PAGE: Case = {
  name: "page",
  about: `a browser's page, ${LOAD.streams} streams × ${LOAD.tokensPerSecond} tokens/s for ${LOAD.seconds} s; control: the same page, idle`,
  run: async ({ ground, scale: { isSmoke } }) => {
    const short = { ...LOAD, seconds: SMOKE_SECONDS, readsBack: true };
    const measured = await ground.measurePage(isSmoke ? short : { ...LOAD, readsBack: false });
    if ("missing" in measured) {
      const note = `not measured: ${measured.missing}`;
      return { rows: [row({ what: "frames", ours: null, note })], faults: [] };
    }
    return { rows: rowsOf(measured), faults: faultsOf(measured) };
  },
};

function rowsOf(measured: PageMeasured): readonly Row[] {
  const { idle, busy, longestTaskCpuMs, cpuShare, heapMiB, sent, domNodes } = measured;
  const perMinute = ({ frames, seconds }: PageMeasured["busy"]) =>
    (frames.over100Ms * 60) / seconds;
  return [
    row({
      what: `frames over ${FRAME_MS_MAX} ms, per minute`,
      control: perMinute(idle),
      ours: perMinute(busy),
      atMostAbove: 0,
      note: `the longest took ${busy.frames.maxMs} ms, idle ${idle.frames.maxMs} ms`,
    }),
    row({ what: "frame p50 ms", control: idle.frames.p50Ms, ours: busy.frames.p50Ms }),
    row({ what: "frame p99 ms", control: idle.frames.p99Ms, ours: busy.frames.p99Ms }),
    row({
      what: "CPU ms of the longest task",
      ours: longestTaskCpuMs,
      atMost: FRAME_MS_MAX,
      note: `${Math.round(cpuShare * 100)} % of a core`,
    }),
    row({
      what: "key to paint p50 ms",
      control: idle.keys.p50Ms,
      ours: busy.keys.p50Ms,
      atMostAbove: KEY_ABOVE_MS,
      note: `of ${busy.keys.count} keys`,
    }),
    row({ what: "key to paint, longest ms", control: idle.keys.maxMs, ours: busy.keys.maxMs }),
    row({
      what: "heap MiB at the end",
      ours: heapMiB.after,
      atMost: HEAP_MIB_MAX,
      note: `${heapMiB.before} before, ${heapMiB.middle} in the middle; ${domNodes} elements; ${sent} tokens`,
    }),
  ];
}

function faultsOf({ sent, shown, doubled, gaps }: PageMeasured): readonly string[] {
  const counts = {
    "tokens that the page doesn't show": shown === null ? 0 : sent - shown,
    "tokens that it shows twice": doubled ?? 0,
    "gaps that it reports": gaps,
  };
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${count} ${what}`);
}
