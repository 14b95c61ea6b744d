/**
 * How the page bears a busy conversation: `npx tsx test/web/measure.ts [streams] [tokens per second and stream] [seconds]`.
 * It prints the page's own log of animation frames, how long a key takes to show, and what memory it held, as JSON.
 */
import { isMainThread } from "node:worker_threads";
import type { CDPSession, Page } from "playwright-core";
import { isIn, startTinCan } from "./tincan.ts";
import { joinByWire, type Wire } from "./wire.ts";

export type Load = {
  readonly streams: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
};

export type Measured = Load & {
  readonly sent: number;
  readonly frames: FrameLog;
  /** The same page in the same run while nobody speaks: what the machine does to it by itself. */
  readonly control: FrameLog;
  /** Share of one core that the page's main thread took. */
  readonly cpuShare: number;
  /** CPU milliseconds of the page's longest single task: what keeps a frame waiting, whatever the neighbours of this machine do. */
  readonly longestTaskCpuMs: number;
  /** Milliseconds from a key press until the page has painted it. */
  readonly keyMs: { readonly count: number; readonly p50: number; readonly max: number };
  /** MiB of the page's heap after a garbage collection. */
  readonly heapMiB: { readonly before: number; readonly middle: number; readonly after: number };
  readonly domNodes: number;
  readonly gaps: number;
};

export type FrameLog = {
  readonly count: number;
  /** Milliseconds between two animation frames. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly over100Ms: number;
};

/** Runs in the page: logs every animation frame and every key. */
const RECORD = `
globalThis.recorded = { frames: [], keys: [], isOn: true };
let last = performance.now();
requestAnimationFrame(function note(now) {
  if (recorded.isOn) recorded.frames.push(now - last);
  last = now;
  requestAnimationFrame(note);
});
addEventListener("keydown", () => {
  const began = performance.now();
  requestAnimationFrame(() => setTimeout(() => recorded.keys.push(performance.now() - began)));
}, true);`;

/** Runs in the page: records again from the next frame but one, when nothing of the pause is left. */
const RESUME =
  "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done((recorded.isOn = true)))))";

/** Milliseconds for which the control is recorded. */
const CONTROL_MS = 15_000;
/** Milliseconds between two keys that are pressed meanwhile. */
const KEY_EVERY_MS = 500;
/** Milliseconds between two looks of an emitter at what it should have sent by now. */
const EMIT_EVERY_MS = 20;

export async function measurePage(load: Load): Promise<Measured> {
  const tincan = await startTinCan();
  try {
    const { link } = await tincan.mint();
    const { page } = await tincan.visit(link);
    await isIn(page);
    const probe = await page.context().newCDPSession(page);
    await probe.send("Performance.enable", { timeDomain: "threadTicks" });
    const wires = await Promise.all(
      Array.from({ length: load.streams }, (_, index) => joinByWire(link, `load-${index}`)),
    );
    const before = await heapMiB(probe);
    await page.evaluate(RECORD);
    await busy(page, wires, { ...load, tokensPerSecond: 0 }, CONTROL_MS);
    const idle = await page.evaluate<Recorded>("structuredClone(recorded)");
    await page.evaluate("recorded.frames.length = 0; recorded.keys.length = 0");
    const cpuBefore = await cpuSeconds(probe);
    await tincan.browser.startTracing(page, { categories: ["toplevel"] });
    const halfMs = (load.seconds * 1_000) / 2;
    const first = await busy(page, wires, load, halfMs);
    await page.evaluate("recorded.isOn = false"); // The collection itself is not the page's doing.
    const middle = await heapMiB(probe);
    await page.evaluate(RESUME);
    const second = await busy(page, wires, load, halfMs);
    const recorded = await page.evaluate<Recorded>("recorded");
    const trace = await tincan.browser.stopTracing();
    const cpu = (await cpuSeconds(probe)) - cpuBefore;
    const after = await heapMiB(probe);
    return {
      ...load,
      sent: first + second,
      frames: frameLog(recorded.frames),
      control: frameLog(idle.frames),
      cpuShare: Math.round((cpu / load.seconds) * 100) / 100,
      longestTaskCpuMs: longestTask(trace),
      keyMs: {
        count: recorded.keys.length,
        p50: at(recorded.keys, 0.5),
        max: at(recorded.keys, 1),
      },
      heapMiB: { before, middle, after },
      domNodes: await page.evaluate<number>("document.querySelectorAll('*').length"),
      gaps: await page.locator(".note.gap").count(),
    };
  } finally {
    await tincan.stop();
  }
}

type Recorded = { readonly frames: readonly number[]; readonly keys: readonly number[] };

/** Lets the streams speak and the person type for so long; resolves with the number of tokens sent. */
async function busy(
  page: Page,
  wires: readonly Wire[],
  { tokensPerSecond }: Load,
  forMs: number,
): Promise<number> {
  const began = performance.now();
  let perStream = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1_000) * tokensPerSecond);
    for (; perStream < due; perStream += 1) {
      for (const wire of wires) wire.token(`word ${perStream} `);
    }
  }, EMIT_EVERY_MS);
  await page.locator(".composer textarea").focus();
  while (performance.now() - began < forMs) {
    await page.keyboard.press("a");
    await new Promise((resolve) => setTimeout(resolve, KEY_EVERY_MS));
  }
  clearInterval(timer);
  return perStream * wires.length;
}

async function heapMiB(probe: CDPSession): Promise<number> {
  await probe.send("HeapProfiler.collectGarbage");
  const { usedSize } = await probe.send("Runtime.getHeapUsage");
  return Math.round((usedSize / 2 ** 20) * 10) / 10;
}

async function cpuSeconds(probe: CDPSession): Promise<number> {
  const { metrics } = await probe.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
}

/** Of the page's main thread, from Chromium's own trace; times in it are microseconds. */
function longestTask(trace: Buffer): number {
  const { traceEvents }: { traceEvents: readonly TraceEvent[] } = JSON.parse(trace.toString());
  const place = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const mains = new Set(
    traceEvents.filter(({ args }) => args?.name === "CrRendererMain").map(place),
  );
  const tasks = traceEvents.filter((event) => event.ph === "X" && mains.has(place(event)));
  const longestUs = tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0);
  return Math.round(longestUs / 100) / 10;
}

type TraceEvent = {
  readonly pid: number;
  readonly tid: number;
  readonly ph: string;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
};

function frameLog(frames: readonly number[]): FrameLog {
  return {
    count: frames.length,
    p50Ms: at(frames, 0.5),
    p99Ms: at(frames, 0.99),
    maxMs: at(frames, 1),
    over100Ms: frames.filter((ms) => ms > 100).length,
  };
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * quantile));
  return Math.round((sorted[index] ?? 0) * 10) / 10;
}

if (isMainThread && process.argv[1]?.endsWith("measure.ts")) {
  const [streams = 20, tokensPerSecond = 50, seconds = 60] = process.argv.slice(2).map(Number);
  const measured = await measurePage({ streams, tokensPerSecond, seconds });
  process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
}
