/**
 * `npm run simulate`: runs histories, and of the first that fails prints the shortest form that
 * still fails.
 */
import { setImmediate as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runHistory } from "./run.ts";
import { shrink } from "./shrink.ts";
import { FAULT_KINDS, planOf } from "./steps.ts";
import { isJudged, OPEN, OPEN_FAULTS, VIOLATIONS, type Violation } from "./violation.ts";
import { watchSeed } from "./watchdog.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    histories: { type: "string", default: "1000" },
    faults: { type: "string" },
    kinds: { type: "string" },
    open: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    story: { type: "boolean", default: false },
  },
});

/** Histories between two turns of the real event loop. */
const HISTORIES_PER_TURN = 50;

const first = Number(values.seed);
const histories = Number(values.histories);
const faults = FAULT_KINDS.filter((kind) =>
  values.faults === undefined
    ? values.open || !OPEN_FAULTS.includes(kind)
    : values.faults.split(",").includes(kind),
);
const say = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = (await main()) ? 0 : 1;

function isWanted({ kind }: Violation): boolean {
  if (values.kinds !== undefined) return values.kinds.split(",").includes(kind);
  return isJudged(kind) || (values.open && OPEN.includes(kind));
}

async function main(): Promise<boolean> {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const found = new Map<string, number[]>();
  const begins = watchSeed(first);
  let events = 0;
  for (let seed = first; seed < first + histories; seed += 1) {
    begins(seed);
    const outcome = await runHistory(seed, planOf(seed, faults));
    events += outcome.events;
    const violations = outcome.violations.filter(isWanted);
    for (const kind of new Set(violations.map((one) => one.kind)))
      found.set(kind, [...(found.get(kind) ?? []), seed]);
    if (violations.length > 0 && !values.all) {
      await report(seed, violations);
      return false;
    }
    if (seed % HISTORIES_PER_TURN === 0) await pause();
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(startCpu);
  const cpuSeconds = (user + system) / 1_000_000;
  for (const [kind, seeds] of found)
    say(`${kind}: ${seeds.length} histories, e.g. seeds ${seeds.slice(0, 8).join(" ")}`);
  const speed = `${(histories / cpuSeconds).toFixed(0)} histories per second of CPU`;
  const times = `${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU, ${speed}`;
  say(`${histories} histories from seed ${first}, ${events} events, ${times}`);
  say(`Faults: ${faults.join(", ") || "none"}.`);
  if (!values.open && OPEN.length > 0)
    say(`Not judged, since known and open (--open): ${OPEN.join(", ")}.`);
  return found.size === 0;
}

async function report(seed: number, violations: readonly Violation[]): Promise<void> {
  const [violation] = violations;
  if (violation === undefined) return;
  say(`Seed ${seed} fails:`);
  for (const { kind, what } of violations) say(`  ${kind}: ${VIOLATIONS[kind]}: ${what}`);
  const {
    plan,
    violations: left,
    story,
  } = await shrink(seed, planOf(seed, faults), violation.kind);
  say(`\nThe shortest history with ${violation.kind}:`);
  for (const [number, identity] of plan.clients.entries())
    say(`  client ${number}: ${JSON.stringify(identity)}`);
  for (const step of plan.steps) say(`  ${JSON.stringify(step)}`);
  for (const { kind, what } of left) say(`  => ${kind}: ${what}`);
  if (values.story) {
    say("\nIts story:");
    for (const line of story) say(line);
  }
  const chosen = `--faults ${faults.join(",") || "none"} --kinds ${violation.kind}`;
  say(`\nnpm run simulate -- --seed ${seed} --histories 1 ${chosen} --story`);
}
