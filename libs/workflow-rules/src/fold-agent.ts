/** What a message does to its run's branches and steps. */
import type { Facts } from "./entry.ts";
import type { Header } from "./header.ts";
import type { Node } from "./node.ts";
import { type Branch, NO_RESTRICTIONS, type Run } from "./run.ts";
import { MAIN, SERVICE_BRANCH } from "./words.ts";

export function foldAgent(run: Run, header: Header, facts: Facts | null, node: Node): void {
  const { type } = header;
  const size = node.seq + 1;
  if (type === "tick") {
    if (facts !== null && "tick" in facts) foldTick(run, facts.tick, size);
    return;
  }
  const branch = run.branches.get(node.branch);
  if (node.branch === SERVICE_BRANCH || branch === undefined) return;
  advance(run, branch, node);
  if (facts !== null && "spawn" in facts) openChild(run, branch, facts.spawn, node);
  if (facts !== null && "merge" in facts) {
    for (const child of facts.merge.children) {
      const merged = run.branches.get(`${branch.name}/${child}`);
      if (merged !== undefined) run.closeBranch(merged);
    }
  }
  if (type === "step") foldStep(run, header, node, size);
}

function advance(run: Run, branch: Branch, { msg, seq }: Node): void {
  branch.tip = msg;
  branch.next += 1;
  if (branch === run.main) run.mainLine.set(msg, seq);
}

function openChild(
  run: Run,
  parent: Branch,
  spawn: {
    readonly child: string;
    readonly agent?: string;
    readonly steps?: readonly string[];
    readonly deadline_ms?: number;
  },
  { msg, at, did }: Node,
): void {
  parent.children += 1;
  run.openBranch({
    ...NO_RESTRICTIONS,
    name: `${parent.name}/${spawn.child}`,
    parent: parent.name,
    epoch: parent.epoch,
    tip: msg,
    next: 0,
    agent: spawn.agent ?? null,
    steps: spawn.steps ?? null,
    spawnedBy: did,
    deadlineAt: spawn.deadline_ms === undefined ? null : at + spawn.deadline_ms,
    spawn: msg,
  });
}

function foldStep(run: Run, header: Header, node: Node, size: number): void {
  const { workflow_step: name, op } = header.workflow_state;
  const own = run.step(name);
  if (own === null) return;
  const attempts = own[0] === "ready" ? own[1] + 1 : own[1];
  switch (op) {
    case "start":
      run.moveStep(size, name, ["running", attempts]);
      run.running.set(name, { at: node.at, did: node.did, attempt: attempts });
      return;
    case "done":
      run.doneAt.set(name, node.seq);
      run.moveStep(size, name, ["done", attempts]);
      return;
    default:
      failAttempt(run, size, name, attempts);
  }
}

function failAttempt(run: Run, size: number, name: string, attempts: number): void {
  const max = run.definition.steps.get(name)?.maxAttempts ?? 1;
  run.moveStep(size, name, [attempts < max ? "ready" : "failed", attempts]);
}

function foldTick(
  run: Run,
  tick: { readonly step: string; readonly attempt: number } | { readonly branch: string },
  size: number,
): void {
  if ("branch" in tick) {
    const branch = run.branches.get(tick.branch);
    if (branch !== undefined && branch.name !== MAIN) run.closeBranch(branch);
    return;
  }
  const own = run.step(tick.step);
  if (own?.[0] === "running" && own[1] === tick.attempt)
    failAttempt(run, size, tick.step, tick.attempt);
}
