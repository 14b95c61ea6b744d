/**
 * The load client in Node, for systems without a C compiler or without epoll: the same
 * specification, the same counts, the same result, and slower.
 */
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { LoadResult } from "../load-result.ts";
import { cpuSeconds } from "../proc.ts";
import { Member } from "./member.ts";
import { Line, type ParsedSpec, readSpec } from "./parsed-spec.ts";
import { Tally } from "./tally.ts";

/** Milliseconds between two looks at what is due. */
const TICK_MS = 1;

const { spec, stopped } = await listen();
const result = await run(spec, stopped);
process.stdout.write(`result ${JSON.stringify(result)}\n`);

/** The specification, and the word that ends a measure that has no time. Ends with its stdin. */
function listen(): Promise<{ spec: ParsedSpec; stopped: Promise<void> }> {
  const lines: string[] = [];
  const input = createInterface({ input: process.stdin });
  input.on("close", () => process.exit());
  return new Promise((resolve) => {
    let stop: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    input.on("line", (line) => {
      if (line === "end") resolve({ spec: readSpec(lines), stopped });
      else if (line === "stop") stop();
      else lines.push(line);
    });
  });
}

async function run(spec: ParsedSpec, stop: Promise<void>): Promise<LoadResult> {
  const tallies = spec.groups.map((group) => new Tally(group));
  const members = gather(spec, tallies);
  const began = performance.now();
  const ready_s = await enter(members, spec.run, began);
  process.stdout.write(`ready ${ready_s}\n`);
  const emission = emit(members);
  await pause(spec.run.number("warmup_ms"));
  const [from, cpu] = [performance.now(), process.cpuUsage()];
  const watchedBefore = cpuOf(spec);
  for (const tally of tallies) tally.beginMeasure();
  const watch = watchLosses(members);
  await (spec.run.is("holds") ? stop : pause(spec.run.number("measure_ms")));
  for (const tally of tallies) tally.endMeasure();
  const used = process.cpuUsage(cpu);
  const watched = cpuOf(spec);
  const measured_s = (performance.now() - from) / 1_000;
  emission.stop();
  watch.stop();
  await drain(members, spec.run.number("drain_ms"));
  for (const member of members.filter(({ emitter }) => emitter >= 0)) {
    member.tally.expected += member.count * member.fan;
    member.tally.heard += member.heard;
  }
  return {
    measured_s,
    ready_s,
    back_s: watch.back_s(),
    client_cpu_s: (used.user + used.system) / 1e6,
    cpu_s: Object.fromEntries(
      [...watched].map(([name, to]) => [name, used_s(watchedBefore.get(name), to)]),
    ),
    groups: tallies.map((tally) => tally.result()),
  };
}

/**
 * Seconds of processor time of each watched process, by its name; null where the system doesn't
 * say.
 */
function cpuOf({ watched }: ParsedSpec): ReadonlyMap<string, number | null> {
  return new Map(watched.map((line) => [line.text("name"), cpuSeconds(line.number("pid"))]));
}

/** -1 where the system doesn't say. */
function used_s(from: number | null | undefined, to: number | null): number {
  return typeof from !== "number" || to === null ? -1 : to - from;
}

function gather(spec: ParsedSpec, tallies: readonly Tally[]): readonly Member[] {
  const company: { members: Member[]; emitters: Member[] } = { members: [], emitters: [] };
  for (const line of spec.members) {
    const tally = tallies[line.number("group")] ?? new Tally(new Line("group"));
    const emitter = line.is("emits") ? company.emitters.length : -1;
    const member = new Member(line, tally, emitter, company);
    company.members.push(member);
    if (emitter >= 0) company.emitters.push(member);
  }
  const hearers = new Map<number, number>();
  for (const { line } of company.members.filter(isHearer)) {
    hearers.set(line.number("channel"), (hearers.get(line.number("channel")) ?? 0) + 1);
  }
  for (const member of company.emitters) {
    const all = hearers.get(member.line.number("channel")) ?? 0;
    member.fan = member.tally.group.is("echo") ? 1 : all - Number(isHearer(member));
  }
  return company.members;
}

function isHearer({ line }: Member): boolean {
  return line.is("hears") && !line.is("slow");
}

async function enter(members: readonly Member[], limits: Line, began: number): Promise<number> {
  const until = began + limits.number("connect_ms");
  const opened = new Set<Member>();
  while (performance.now() < until && members.some(({ isSettled }) => !isSettled)) {
    const under_way = [...opened].filter(({ isSettled }) => !isSettled).length;
    const free = limits.number("connecting_max") - under_way;
    for (const member of members.filter((one) => !opened.has(one)).slice(0, Math.max(0, free))) {
      opened.add(member);
      member.open();
    }
    await pause(TICK_MS);
  }
  return (performance.now() - began) / 1_000;
}

/** Emits what the windows let as soon as something was heard, and at every tick what is due. */
function emit(members: readonly Member[]): { readonly stop: () => void } {
  const emitters = members.filter(({ emitter }) => emitter >= 0);
  const began = performance.now();
  const emitted = new Map<Member, number>();
  let isOver = false;
  const fill = (member: Member) => {
    const window = member.tally.group.number("window");
    if (isOver || window === 0 || !member.isReady || member.fan === 0) return;
    const underWay = member.count - Math.floor(member.heard / member.fan);
    if (underWay * 2 <= window) member.emit(window - underWay);
  };
  /**
   * Emitters take turns at even distances: `phase`, from 0 to less than 1 token, sets them apart.
   */
  const emitDue = (member: Member, phase: number) => {
    const rate = member.tally.group.number("rate");
    if (rate === 0) return;
    const elapsed_s = (performance.now() - began) / 1_000;
    const sent = emitted.get(member) ?? 0;
    const due = Math.floor(elapsed_s * rate - phase) + 1;
    if (due <= sent) return;
    emitted.set(member, due);
    if (!member.isReady) return;
    for (let token = sent; token < due; token += 1) {
      member.tally.late(elapsed_s - (token + phase) / rate);
    }
    member.emit(due - sent);
  };
  const tick = () => {
    for (const [index, member] of emitters.entries()) emitDue(member, index / emitters.length);
  };
  for (const member of members) member.onHeard = fill;
  for (const member of emitters) fill(member);
  const timer = setInterval(tick, TICK_MS);
  const stop = () => {
    isOver = true;
    clearInterval(timer);
  };
  return { stop };
}

/** Says when connections were lost and when all of them are back. */
function watchLosses(members: readonly Member[]) {
  const returning = members.filter(({ tally }) => tally.group.is("comes_back"));
  let [lostAt, seconds] = [0, 0];
  const timer = setInterval(() => {
    const isWhole = returning.every(({ isReady }) => isReady);
    if (!isWhole && lostAt === 0) lostAt = performance.now();
    if (!isWhole || lostAt === 0) return;
    seconds = (performance.now() - lostAt) / 1_000;
    lostAt = 0;
    process.stdout.write(`back ${seconds}\n`);
  }, TICK_MS);
  return { stop: () => clearInterval(timer), back_s: () => seconds };
}

async function drain(members: readonly Member[], ms: number): Promise<void> {
  const until = performance.now() + ms;
  const isWaited = (member: Member) =>
    member.emitter >= 0 && member.heard < member.count * member.fan;
  while (performance.now() < until && members.some(isWaited)) await pause(TICK_MS);
}
