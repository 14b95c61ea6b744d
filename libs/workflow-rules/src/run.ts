/**
 * One run as a fold of its messages (W5.3): no clock, no randomness, no I/O. What it was at every
 * earlier size is kept, since messages claim it and a rollback returns to it.
 */
import type { Definition } from "./definition.ts";
import { COMPENSATION_FAILURES_MAX } from "./limits.ts";
import { byUnits, CHAT_RUN, type Halt, hash, MAIN, mainOf, ZEROS } from "./words.ts";

export type StepStatus =
  | "wait"
  | "ready"
  | "running"
  | "done"
  | "failed"
  | "skipped"
  | "compensating"
  | "compensated";

export type RunStatus =
  | "running"
  | "done"
  | "failed"
  | "killed"
  | "rolling_back"
  | "rollback_stuck";

/** Status and attempts. */
export type StepState = readonly [StepStatus, number];
export type Steps = Readonly<Record<string, StepState>>;

/** The run from one size of the log on, until the next one. */
type Moment = {
  readonly size: number;
  readonly epoch: number;
  readonly status: RunStatus;
  /** Its own, without that of the conversation. */
  readonly halt: Halt;
  readonly steps: Steps;
  readonly hashes: Map<Halt, string>;
};

export type StateValue = {
  readonly def: string;
  readonly epoch: number;
  readonly halt: Halt;
  readonly run: string;
  readonly status: RunStatus;
  readonly steps: Steps;
};

export type Branch = {
  readonly name: string;
  readonly parent: string | null;
  readonly epoch: number;
  tip: string;
  /** Count of its messages. */
  next: number;
  open: boolean;
  /** Restrictions of its `spawn`, and who said it. */
  readonly agent: string | null;
  readonly steps: readonly string[] | null;
  readonly spawnedBy: string;
  readonly deadlineAt: number | null;
  readonly spawn: string;
  children: number;
};

export type Compensation = {
  readonly step: string;
  readonly attempt: number;
  readonly handler: string;
  readonly key: string;
  status: "open" | "waiting" | "done" | "stuck";
  failures: number;
};

/** A running attempt: since when, and by whom. */
export type Running = { readonly at: number; readonly did: string; readonly attempt: number };

/** Halts, from the weakest to the strongest. */
const STRENGTH: readonly Halt[] = ["none", "pause", "stop", "kill"];

export function stronger(a: Halt, b: Halt): Halt {
  return STRENGTH.indexOf(a) >= STRENGTH.indexOf(b) ? a : b;
}

export class Run {
  readonly id: string;
  readonly definition: Definition;
  readonly startedBy: string;
  readonly startedAt: number;
  /** The size of the log after its `start`. */
  readonly bornAt: number;
  readonly roles: Map<string, Set<string>>;
  readonly branches = new Map<string, Branch>();
  readonly running = new Map<string, Running>();
  /** The seq at which each step was done last. */
  readonly doneAt = new Map<string, number>();
  /** Messages of the main line, by hash: the seq of each. */
  readonly mainLine = new Map<string, number>();
  /** The seq of each of its messages, in order. */
  readonly seqs: number[] = [];
  compensations: Compensation[] = [];
  /** The message to which a rollback under way goes back. */
  rollbackTo: string | null = null;
  partiallyReversed = false;
  openBranches = 0;
  /** When the own halt began. */
  haltAt = 0;
  readonly #moments: Moment[] = [];

  constructor(own: {
    readonly id: string;
    readonly definition: Definition;
    readonly startedBy: string;
    readonly startedAt: number;
    readonly bornAt: number;
    readonly roles: ReadonlyMap<string, readonly string[]>;
  }) {
    this.id = own.id;
    this.definition = own.definition;
    this.startedBy = own.startedBy;
    this.startedAt = own.startedAt;
    this.bornAt = own.bornAt;
    this.roles = new Map([...own.roles].map(([role, names]) => [role, new Set(names)]));
    const steps: Record<string, StepState> = {};
    for (const [name, { needs }] of own.definition.steps)
      steps[name] = [needs === 0 ? "ready" : "wait", 0];
    this.#push({ size: own.bornAt, epoch: 0, status: "running", halt: "none", steps });
    this.openBranch({
      ...NO_RESTRICTIONS,
      name: MAIN,
      parent: null,
      epoch: 0,
      tip: ZEROS,
      next: 0,
    });
  }

  get #now(): Moment {
    const now = this.#moments.at(-1);
    if (now === undefined) throw new Error("a run has a moment");
    return now;
  }

  get epoch(): number {
    return this.#now.epoch;
  }

  get ownStatus(): RunStatus {
    return this.#now.status;
  }

  get ownHalt(): Halt {
    return this.#now.halt;
  }

  get steps(): Steps {
    return this.#now.steps;
  }

  step(name: string): StepState | null {
    return this.#now.steps[name] ?? null;
  }

  get main(): Branch {
    const main = this.branches.get(mainOf(this.epoch));
    if (main === undefined) throw new Error("a run has a main branch");
    return main;
  }

  /** The status that a halt of the conversation leaves. */
  statusUnder(halt: Halt): RunStatus {
    return statusOf(this.#now, halt);
  }

  isEnded(halt: Halt): boolean {
    const status = this.statusUnder(halt);
    return status === "done" || status === "failed" || status === "killed";
  }

  stateValue(halt: Halt): StateValue {
    return stateValueOf(this.#now, this, halt);
  }

  state(halt: Halt): string {
    return this.#hash(this.#now, halt);
  }

  /** Of the entries below `size`; 64 zeros where the run was not there yet. */
  stateAt(size: number, halt: Halt): string {
    const moment = this.#momentAt(size);
    return moment === null ? ZEROS : this.#hash(moment, halt);
  }

  stepsAt(size: number): { readonly steps: Steps; readonly status: RunStatus } | null {
    return this.#momentAt(size);
  }

  openBranch(branch: Omit<Branch, "open" | "children">): void {
    this.branches.set(branch.name, { ...branch, open: true, children: 0 });
    this.openBranches += 1;
  }

  closeBranch(branch: Branch): void {
    if (!branch.open) return;
    branch.open = false;
    this.openBranches -= 1;
  }

  change(size: number, to: Partial<Pick<Moment, "epoch" | "status" | "halt" | "steps">>): void {
    const { epoch, status, halt, steps } = { ...this.#now, ...to };
    this.#push({ size, epoch, status, halt, steps });
  }

  /** A step's transition, and what follows from it: readiness of others, the end of the run. */
  moveStep(size: number, name: string, to: StepState): void {
    const steps: Record<string, StepState> = { ...this.steps, [name]: to };
    let status = this.ownStatus;
    if (to[0] === "failed") status = "failed";
    if (to[0] === "done") status = this.#follow(steps, status);
    if (to[0] !== "running") this.running.delete(name);
    this.change(size, { steps, status });
  }

  #follow(steps: Record<string, StepState>, status: RunStatus): RunStatus {
    const isDone = (step: string) => steps[step]?.[0] === "done";
    const needed = new Set<string>();
    for (const [name, { after, needs }] of this.definition.steps) {
      for (const step of after) needed.add(step);
      const own = steps[name];
      if (own?.[0] === "wait" && after.filter(isDone).length >= needs)
        steps[name] = ["ready", own[1]];
    }
    const last = [...this.definition.steps.keys()].filter((name) => !needed.has(name));
    if (status !== "running" || !last.every(isDone)) return status;
    for (const [name, [state, attempts]] of Object.entries(steps))
      if (state !== "done" && state !== "failed") steps[name] = ["skipped", attempts];
    this.running.clear();
    return "done";
  }

  /** The first compensation that is open, null when there is none. */
  get openCompensation(): Compensation | null {
    return this.compensations.find(({ status }) => status === "open") ?? null;
  }

  /** The next compensation of the plan becomes a task. */
  beginCompensation(size: number): void {
    const next = this.compensations.find(({ status }) => status === "waiting");
    if (next === undefined) return;
    next.status = "open";
    this.change(size, { steps: { ...this.steps, [next.step]: ["compensating", next.attempt] } });
  }

  endCompensation(size: number, done: boolean): void {
    const open = this.openCompensation;
    if (open === null) return;
    if (done) {
      open.status = "done";
      this.change(size, { steps: { ...this.steps, [open.step]: ["compensated", open.attempt] } });
      this.beginCompensation(size);
      return;
    }
    open.failures += 1;
    if (open.failures < COMPENSATION_FAILURES_MAX) return;
    open.status = "stuck";
    this.change(size, { status: "rollback_stuck" });
  }

  /** True when nothing is left to be compensated, so that the service has to commit the rewind. */
  get isRewindDue(): boolean {
    return (
      this.ownStatus === "rolling_back" &&
      this.compensations.every(({ status }) => status === "done" || status === "stuck")
    );
  }

  /** The state recorded at `to`, with another epoch; all branches of before are closed. */
  rewind(size: number, to: number, msg: string, did: string): void {
    const past = this.#momentAt(to + 1);
    if (past === null) throw new Error("a rewind goes to a message of the run");
    for (const branch of this.branches.values()) this.closeBranch(branch);
    this.running.clear();
    this.rollbackTo = null;
    const epoch = this.epoch + 1;
    const isOver = past.status === "done" || past.status === "failed";
    this.change(size, { epoch, status: isOver ? past.status : "running", steps: past.steps });
    const name = mainOf(epoch);
    this.openBranch({
      ...NO_RESTRICTIONS,
      name,
      parent: null,
      epoch,
      tip: msg,
      next: 1,
      spawnedBy: did,
    });
    for (const [hashed, seq] of this.mainLine) if (seq > to) this.mainLine.delete(hashed);
    for (const [step, seq] of this.doneAt) if (seq > to) this.doneAt.delete(step);
  }

  #momentAt(size: number): Moment | null {
    let [low, high] = [0, this.#moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle]?.size ?? 0) <= size) low = middle + 1;
      else high = middle;
    }
    return this.#moments[low - 1] ?? null;
  }

  #push(moment: Omit<Moment, "hashes">): void {
    // Several changes of one message are one moment.
    if (this.#moments.at(-1)?.size === moment.size) this.#moments.pop();
    this.#moments.push({ ...moment, hashes: new Map() });
  }

  #hash(moment: Moment, halt: Halt): string {
    const known = moment.hashes.get(halt);
    if (known !== undefined) return known;
    const state = hash("state", stateValueOf(moment, this, halt));
    moment.hashes.set(halt, state);
    return state;
  }
}

export const NO_RESTRICTIONS = {
  agent: null,
  steps: null,
  spawnedBy: "",
  deadlineAt: null,
  spawn: "",
} as const;

function statusOf(moment: Moment, halt: Halt): RunStatus {
  const isKilled = stronger(moment.halt, halt) === "kill";
  return isKilled && moment.status !== "done" && moment.status !== "failed"
    ? "killed"
    : moment.status;
}

function stateValueOf(moment: Moment, { id, definition }: Run, halt: Halt): StateValue {
  const { epoch, steps } = moment;
  const status = id === CHAT_RUN ? moment.status : statusOf(moment, halt);
  const value = { epoch, halt: stronger(moment.halt, halt), run: id, status, steps };
  return { def: definition.def, ...value };
}

/** Steps that are ready, sorted. */
export function stepsThatAre(steps: Steps, statuses: readonly StepStatus[]): string[] {
  return Object.entries(steps)
    .filter(([, [status]]) => statuses.includes(status))
    .map(([name]) => name)
    .sort(byUnits);
}
