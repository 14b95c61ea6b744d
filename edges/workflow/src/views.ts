/** What readers are answered: conversations, runs, messages, graphs. */
import { checkpointText, type SeedSigner, utf8, writeCheckpoint } from "@ams/provenance";
import {
  type Branch,
  type Conversation,
  type Node,
  type Run,
  stepsThatAre,
  stronger,
} from "@ams/workflow-rules";
import type { LiveSpace } from "./space/live-space.ts";

export function conversationView(live: LiveSpace, isOwner: boolean, attached: boolean) {
  const { conversation, space, signer } = live;
  return {
    conversation_id: conversation.id,
    owner: isOwner,
    attached,
    layout: space.layout,
    service: { did: signer.did },
    size: conversation.size,
    root: conversation.root(),
    halt: conversation.halt,
  };
}

export function runView(conversation: Conversation, run: Run) {
  const { definition } = run;
  const open = [...run.branches.values()].filter(({ open: isOpen }) => isOpen);
  return {
    run: run.id,
    workflow: definition.name,
    version: definition.v,
    def: definition.def,
    epoch: run.epoch,
    status: run.statusUnder(conversation.halt),
    halt: stronger(run.ownHalt, conversation.halt),
    partially_reversed: run.partiallyReversed,
    state: run.state(conversation.halt),
    state_value: run.stateValue(conversation.halt),
    ready: stepsThatAre(run.steps, ["ready"]),
    branches: Object.fromEntries(open.map((branch) => [branch.name, branchView(branch)])),
    roles: Object.fromEntries([...run.roles].map(([role, names]) => [role, [...names]])),
    started_by: run.startedBy,
    started_at: run.startedAt,
    // The history at which all of this is so.
    size: conversation.size,
    root: conversation.root(),
    compensations: run.compensations.map(({ step, attempt, handler, key, status }) => {
      return { step, attempt, handler, key, status };
    }),
  };
}

function branchView({ tip, next, open }: Branch) {
  return { tip, next, open };
}

export function dagView(conversation: Conversation, run: Run) {
  const nodes = run.seqs.flatMap((seq) => conversation.nodes[seq] ?? []).map(nodeView);
  const branches = [...run.branches.values()].map(({ name, tip, next, open, parent }) => {
    return [name, { tip, next, open, parent }] as const;
  });
  return { nodes, branches: Object.fromEntries(branches) };
}

export function nodeView({ msg, id, seq, at, type, op, step, branch, node, parents, did }: Node) {
  return { msg, id, seq, at, type, op, step, branch, node, parents, did };
}

/** The graph in the language of Graphviz; every text is quoted. */
export function dotView(conversation: Conversation, run: Run): string {
  const { nodes } = dagView(conversation, run);
  const known = new Set(nodes.map(({ msg }) => msg));
  const quote = (text: string) => JSON.stringify(text);
  const lines = nodes.flatMap(({ msg, seq, type, op, step, branch, parents }) => [
    `  ${quote(msg)} [label=${quote(`${seq} ${type} ${op} ${step} ${branch}`)}];`,
    ...parents
      .filter((parent) => known.has(parent))
      .map((parent) => `  ${quote(parent)} -> ${quote(msg)};`),
  ]);
  return `digraph ${quote(run.id)} {\n${lines.join("\n")}\n}\n`;
}

/** Ancestors, nearest first. */
export function lineageOf(conversation: Conversation, start: Node, limit: number): Node[] {
  const found: Node[] = [];
  const seen = new Set([start.msg]);
  let level: readonly Node[] = [start];
  while (level.length > 0 && found.length < limit) {
    const next: Node[] = [];
    for (const parent of level.flatMap(({ parents }) => parents)) {
      const node = conversation.byMsg(parent);
      if (node === null || seen.has(parent)) continue;
      seen.add(parent);
      next.push(node);
    }
    found.push(...next.sort((a, b) => b.seq - a.seq));
    level = next;
  }
  return found.slice(0, limit);
}

export function signedCheckpoint(conversation: Conversation, origin: string, signer: SeedSigner) {
  const checkpoint = { origin, size: conversation.size, root: conversation.tree.root() };
  const signature = signer.signNow(utf8(checkpointText(checkpoint)));
  return writeCheckpoint(checkpoint, signer.publicKey, signature);
}
