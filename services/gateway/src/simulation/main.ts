/** `npm run simulate`: runs histories, and of the first that fails prints the shortest form that still fails. */
import { setImmediate as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runHistory } from "./run.ts";
import { shrink } from "./shrink.ts";
import { FAULT_KINDS, type FaultKind, planOf } from "./steps.ts";
import { TOLERATED, VIOLATIONS, type Violation } from "./violation.ts";

const FATAL = Object.keys(VIOLATIONS).filter(
  (kind) => !(TOLERATED as readonly string[]).includes(kind),
);

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    histories: { type: "string", default: "1000" },
    faults: { type: "string", default: FAULT_KINDS.join(",") },
    story: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    kinds: { type: "string", default: FATAL.join(",") },
  },
});

const first = Number(values.seed);
const histories = Number(values.histories);
const faults = values.faults
  .split(",")
  .filter((kind): kind is FaultKind => (FAULT_KINDS as readonly string[]).includes(kind));
const kinds: readonly string[] = values.kinds.split(",");
const say = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const counts = new Map<string, number[]>();
  let events = 0;
  for (let seed = first; seed < first + histories; seed += 1) {
    const outcome = await runHistory(seed, planOf(seed, faults));
    events += outcome.events;
    const violations = outcome.violations.filter(({ kind }) => kinds.includes(kind));
    for (const kind of new Set(violations.map((one) => one.kind)))
      counts.set(kind, [...(counts.get(kind) ?? []), seed]);
    if (violations.length > 0 && !values.all) {
      await report(seed, violations);
      return false;
    }
    if (seed % 50 === 0) await pause();
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const cpu = process.cpuUsage(startCpu);
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;
  for (const [kind, seeds] of counts)
    say(`${kind}: ${seeds.length} histories, e.g. seeds ${seeds.slice(0, 8).join(" ")}`);
  say(
    `${histories} histories from seed ${first}, ${events} events, ${seconds.toFixed(1)} s ` +
      `(${cpuSeconds.toFixed(1)} s of CPU), ${(histories / cpuSeconds).toFixed(0)} histories per second of CPU`,
  );
  return counts.size === 0;
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
  for (const [number, { conversation, account, name, terms }] of plan.clients.entries())
    say(
      `  client ${number}: ${name}, account ${account}, conversation ${conversation} ${JSON.stringify(terms)}`,
    );
  for (const step of plan.steps) say(`  ${JSON.stringify(step)}`);
  for (const { kind, what } of left) say(`  => ${kind}: ${what}`);
  if (values.story) {
    say("\nIts story:");
    for (const line of story) say(line);
  }
  say(`\nnpm run simulate -- --seed ${seed} --histories 1 --faults ${faults.join(",")} --story`);
}
