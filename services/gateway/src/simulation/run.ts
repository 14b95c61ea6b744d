/**
 * One history from beginning to end: its steps, a time without faults, the checks; then everybody
 * leaves, and more checks.
 */

import { ReaderCheck } from "./check-reader.ts";
import { checkEmpty, checkWorld } from "./check-world.ts";
import type { Connection } from "./connection.ts";
import { useScheduler } from "./globals.ts";
import type { Planted } from "./planted.ts";
import { FAULT_KINDS, type Plan } from "./steps.ts";
import type { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** Simulated ms after the last fault within which everything is in order again (§5.6, §5.9). */
const SETTLE_MS = 10_000;
/** Simulated ms in which what is said then has arrived everywhere. */
const SPEAK_MS = 500;
/**
 * Simulated ms in which what was held is given back: two heartbeats, since nothing fails any more.
 */
const EMPTY_MS = 2_500;

export type Outcome = {
  readonly violations: readonly Violation[];
  readonly events: number;
  /** Of all that clients heard, and of how many events there were. */
  readonly fingerprint: string;
};

export async function runHistory(
  seed: number,
  plan: Plan,
  planted: Planted | null = null,
  story: ((line: string) => void) | null = null,
): Promise<Outcome> {
  const world = new World({ seed, plan, planted, story });
  const { scheduler } = world;
  useScheduler(scheduler);
  try {
    const check = new Checks(world);
    world.begin();
    await scheduler.run(lastOf(plan) + SETTLE_MS);
    check.look();
    world.speak();
    await scheduler.run(scheduler.nowMs + SPEAK_MS);
    check.look();
    world.leaveAll();
    await scheduler.run(scheduler.nowMs + EMPTY_MS);
    const violations = [...check.all(plan), ...checkEmpty(world)];
    const fingerprint = `${world.fingerprint}/${scheduler.executed}`;
    return { violations, events: scheduler.executed, fingerprint };
  } finally {
    useScheduler(null);
  }
}

/** When the last step has had its time. */
function lastOf({ steps }: Plan): number {
  return Math.max(0, ...steps.map((step) => step.atMs + ("ms" in step ? Math.abs(step.ms) : 0)));
}

class Checks {
  readonly #world: World;
  readonly #readers = new Map<Connection, ReaderCheck>();
  readonly #contents = new Map<number, Map<string, string>>();
  readonly #violations: Violation[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  look(): void {
    const rosters = new Map<Connection, ReadonlySet<string>>();
    for (const connection of this.#world.connections) {
      const reader = this.#reader(connection);
      reader.look();
      reader.looseEnds();
      rosters.set(connection, reader.roster);
    }
    this.#violations.push(...checkWorld(this.#world, rosters));
  }

  all(plan: Plan): readonly Violation[] {
    const found = [...this.#readers.values()].flatMap((reader) => [...reader.violations]);
    const all = [...found, ...this.#violations, ...this.#withoutFault(plan)];
    const seen = new Set<string>();
    return all.filter(({ kind, what }) => {
      const key = `${kind} ${what}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  }

  #reader(connection: Connection): ReaderCheck {
    const known = this.#readers.get(connection);
    if (known !== undefined) return known;
    const { conversation } = connection.deps;
    const contents = this.#contents.get(conversation) ?? new Map<string, string>();
    this.#contents.set(conversation, contents);
    const reader = new ReaderCheck(connection, contents);
    this.#readers.set(connection, reader);
    return reader;
  }

  /** Where nothing fails, nothing is lost and nobody is turned away for want of anything. */
  #withoutFault({ steps }: Plan): readonly Violation[] {
    const kinds: readonly string[] = FAULT_KINDS;
    if (steps.some(({ kind }) => kinds.includes(kind))) return [];
    return this.#world.connections.flatMap((connection) => {
      const { number } = connection.deps;
      const isFault = connection.close?.reason === "internal_error";
      const gap = connection.log.some(({ frame }) => frame.type === "x_gap");
      const what = isFault ? "closed with internal_error" : "x_gap";
      if (!gap && !isFault) return [];
      return [
        { kind: "gap_without_fault" as const, what: `c${number}: ${what}`, connection: number },
      ];
    });
  }
}
