/** Branches (W4): where a message hangs, and who may write there. */

import type { Fault } from "./errors.ts";
import { BRANCH_DEPTH_MAX, BRANCHES_MAX, CHILDREN_MAX } from "./limits.ts";
import type { Message } from "./message.ts";
import type { Branch, Run } from "./run.ts";
import { isNamed } from "./who.ts";
import { ZEROS } from "./words.ts";

export function judgeBranch(run: Run, message: Message): Fault | null {
  const { execution_path: path } = message.header;
  const branch = run.branches.get(path.branch);
  if (branch === undefined) return ["branch_unknown"];
  if (!branch.open) return ["branch_closed"];
  const { facts } = message;
  if (facts !== null && "merge" in facts)
    return judgeMerge(run, branch, facts.merge.children, message);
  const parents = branch.tip === ZEROS ? [] : [branch.tip];
  const moved = judgePlace(branch, parents, message);
  if (moved !== null || facts === null || !("spawn" in facts)) return moved;
  return judgeSpawn(run, branch, facts.spawn.child);
}

function judgePlace(branch: Branch, parents: readonly string[], { header }: Message): Fault | null {
  const { node, parents: given } = header.execution_path;
  const isThere =
    node === `${branch.name}/${branch.next}` &&
    given.length === parents.length &&
    given.every((parent, index) => parent === parents[index]);
  if (isThere) return null;
  return ["branch_moved", { branch: branch.name, tip: branch.tip, next: branch.next }];
}

function judgeSpawn(run: Run, branch: Branch, child: string): Fault | null {
  const name = `${branch.name}/${child}`;
  if (run.branches.has(name)) return ["branch_exists"];
  const isFull =
    run.openBranches >= BRANCHES_MAX ||
    branch.children >= CHILDREN_MAX ||
    name.split("/").length > BRANCH_DEPTH_MAX;
  return isFull ? ["limit_reached"] : null;
}

function judgeMerge(
  run: Run,
  branch: Branch,
  names: readonly string[],
  message: Message,
): Fault | null {
  const children: Branch[] = [];
  for (const name of names) {
    const child = run.branches.get(`${branch.name}/${name}`);
    if (child === undefined) return ["branch_unknown"];
    if (!child.open) return ["branch_closed"];
    children.push(child);
  }
  const parentsOpen = new Set([...run.branches.values()].filter(isOpen).map((one) => one.parent));
  if (children.some((child) => parentsOpen.has(child.name))) return ["branch_open"];
  return judgePlace(branch, [branch.tip, ...children.map(({ tip }) => tip)], message);
}

function isOpen(branch: Branch): boolean {
  return branch.open;
}

/** The restrictions of the `spawn` of a branch and of those above it; notes have none. */
export function mayOnBranch(run: Run, { header, facts }: Message): boolean {
  const { type, execution_path: path, workflow_state: state, agent_identity: agent } = header;
  if (type === "note") return true;
  const branch = run.branches.get(path.branch);
  if (branch === undefined) return false;
  if (branch.agent !== null && branch.agent !== agent.did) return false;
  for (let one: Branch | undefined = branch; one !== undefined; ) {
    if (type === "step" && one.steps !== null && !one.steps.includes(state.workflow_step))
      return false;
    one = one.parent === null ? undefined : run.branches.get(one.parent);
  }
  if (facts === null || !("merge" in facts)) return true;
  const { did, on_behalf_of: account = null } = agent;
  if (isNamed(run, run.definition.mergeBy, did, account)) return true;
  return facts.merge.children.every(
    (name) => run.branches.get(`${branch.name}/${name}`)?.spawnedBy === did,
  );
}
