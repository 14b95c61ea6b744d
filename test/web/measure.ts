/**
 * How a real browser's page bears a busy conversation: its own log of frames and keys, its heap.
 * `bench` has it as a case.
 */
import type { CDPSession, Page } from "playwright-core";
import { isIn, openWire, startTinCan } from "./tincan.ts";
import { joinByWire, type Wire } from "./wire.ts";

export type Load = {
  readonly streams: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Read every token back from the page: of a long conversation only what is seen exists in it. */
  readonly readsBack: boolean;
};

export type Measured = Load & {
  readonly sent: number;
  /**
   * Tokens that stand in the page, and how many stand there twice; null when they weren't read
   * back.
   */
  readonly shown: number | null;
  readonly doubled: number | null;
  readonly busy: Log;
  /** The same page in the same run while nobody speaks: what the machine does to it by itself. */
  readonly idle: Log;
  /** Share of one core that the page's main thread took. */
  readonly cpuShare: number;
  /**
   * CPU milliseconds of the page's longest single task: what keeps a frame waiting, whatever the
   * neighbours of this machine do.
   */
  readonly longestTaskCpuMs: number;
  /** MiB of the page's heap after a garbage collection. */
  readonly heapMiB: { readonly before: number; readonly middle: number; readonly after: number };
  readonly domNodes: number;
  readonly gaps: number;
};

export type Log = {
  readonly seconds: number;
  /** Milliseconds between two animation frames. */
  readonly frames: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    readonly over100Ms: number;
  };
  /** Milliseconds from a key press until the page has painted it. */
  readonly keys: { readonly count: number; readonly p50Ms: number; readonly maxMs: number };
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

/**
 * Runs in the page: records again from the next frame but one, when nothing of the pause is left.
 */
const RESUME =
  "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done((recorded.isOn = true)))))";

/**
 * Milliseconds for which the control is recorded at most: as long as the load, if that is shorter.
 */
const CONTROL_MS_MAX = 15_000;
/** Milliseconds within which the page must show what was said last. */
const SHOWN_MS_MAX = 5_000;
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
    await openWire(page);
    const probe = await page.context().newCDPSession(page);
    await probe.send("Performance.enable", { timeDomain: "threadTicks" });
    const wires = await Promise.all(
      Array.from({ length: load.streams }, (_, index) => joinByWire(link, `load-${index}`)),
    );
    const before = await heapMiB(probe);
    await page.evaluate(RECORD);
    const loadMs = load.seconds * 1_000;
    const controlMs = Math.min(CONTROL_MS_MAX, loadMs);
    await busy(page, wires, { tokensPerSecond: 0, from: 0, forMs: controlMs });
    const idle = await page.evaluate<Recorded>("structuredClone(recorded)");
    await page.evaluate("recorded.frames.length = 0; recorded.keys.length = 0");
    const cpuBefore = await cpuSeconds(probe);
    await tincan.browser.startTracing(page, { categories: ["toplevel"] });
    const { tokensPerSecond } = load;
    const half = await busy(page, wires, { tokensPerSecond, from: 0, forMs: loadMs / 2 });
    await page.evaluate("recorded.isOn = false"); // The collection itself is not the page's doing.
    const middle = await heapMiB(probe);
    await page.evaluate(RESUME);
    const perStream = await busy(page, wires, { tokensPerSecond, from: half, forMs: loadMs / 2 });
    const recorded = await page.evaluate<Recorded>("recorded");
    const trace = await tincan.browser.stopTracing();
    const cpu = (await cpuSeconds(probe)) - cpuBefore;
    const sent = perStream * wires.length;
    return {
      ...load,
      sent,
      ...(load.readsBack ? await readBack(page, sent) : { shown: null, doubled: null }),
      busy: logOf(recorded, load.seconds),
      idle: logOf(idle, controlMs / 1_000),
      cpuShare: Math.round((cpu / load.seconds) * 100) / 100,
      longestTaskCpuMs: longestTask(trace),
      heapMiB: { before, middle, after: await heapMiB(probe) },
      domNodes: await page.evaluate<number>("document.querySelectorAll('*').length"),
      gaps: await page.locator(".note.gap").count(),
    };
  } finally {
    await tincan.stop();
  }
}

type Recorded = { readonly frames: readonly number[]; readonly keys: readonly number[] };

type Span = {
  readonly tokensPerSecond: number;
  /** The number of each stream's next token. */
  readonly from: number;
  readonly forMs: number;
};

/**
 * Lets the streams speak and the person type for so long; resolves with the number of each stream's
 * next token.
 */
async function busy(page: Page, wires: readonly Wire[], span: Span): Promise<number> {
  const { tokensPerSecond, from, forMs } = span;
  const began = performance.now();
  let next = from;
  const timer = setInterval(() => {
    const due = from + Math.floor(((performance.now() - began) / 1_000) * tokensPerSecond);
    for (; next < due; next += 1) {
      for (const [stream, wire] of wires.entries()) wire.token(`${stream}.${next} `);
    }
  }, EMIT_EVERY_MS);
  await page.locator(".composer textarea").focus();
  while (performance.now() - began < forMs) {
    await page.keyboard.press("a");
    await new Promise((resolve) => setTimeout(resolve, KEY_EVERY_MS));
  }
  clearInterval(timer);
  return next;
}

/** Waits until the page shows so many tokens, and then counts them. */
async function readBack(page: Page, sent: number) {
  const words =
    "[...document.querySelectorAll('.passage .text')].map((text) => text.textContent).join('').match(/\\S+/g)";
  const isThere = `(${words} ?? []).length >= ${sent}`;
  await page.waitForFunction(isThere, null, { timeout: SHOWN_MS_MAX }).catch(() => undefined);
  const found = await page.evaluate<readonly string[]>(`${words} ?? []`);
  const shown = new Set(found).size;
  return { shown, doubled: found.length - shown };
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

function logOf({ frames, keys }: Recorded, seconds: number): Log {
  return {
    seconds,
    frames: {
      count: frames.length,
      p50Ms: at(frames, 0.5),
      p99Ms: at(frames, 0.99),
      maxMs: at(frames, 1),
      over100Ms: frames.filter((ms) => ms > 100).length,
    },
    keys: { count: keys.length, p50Ms: at(keys, 0.5), maxMs: at(keys, 1) },
  };
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * quantile));
  return Math.round((sorted[index] ?? 0) * 10) / 10;
}
