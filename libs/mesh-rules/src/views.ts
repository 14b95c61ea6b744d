/** What readers are answered: delegations, intents, graphs (M5, M6.4). */
import type { Json, JsonObject } from "@ams/provenance";
import { countVotes, currencyOf, type Delegation, escrowOf, isOpen, sumOf } from "./delegation.ts";
import { reject } from "./errors.ts";
import { textsOf } from "./fields.ts";
import type { MeshState, Node } from "./state.ts";

export function viewDelegation(delegation: Delegation): JsonObject {
  const { id, intent, agent, principal, state, terms, milestones, attestors } = delegation;
  const sum = (...states: readonly string[]) =>
    milestones.reduce((total, one) => total + (states.includes(one.state) ? one.minor : 0), 0);
  return {
    ...{ id, intent, agent, principal, state },
    amount: terms === null ? null : terms.amount.minor,
    currency: terms?.amount.currency ?? null,
    released_minor: sum("released"),
    refunded_minor: sum("refunded", "failed"),
    milestones: milestones.map((milestone) => ({
      ...{ on: milestone.on, pct: milestone.pct, minor: milestone.minor, state: milestone.state },
      outcome: milestone.outcome,
      settlement: milestone.settlement,
      ...countVotes(milestone),
    })),
    attestors: { k: attestors.k, of: [...attestors.of] },
    ...(delegation.parent === null ? {} : { parent: delegation.parent }),
    children: [...delegation.children],
  };
}

export function viewIntent(state: MeshState, id: string): JsonObject {
  const node = state.node(id);
  if (node?.verb !== "intent") return reject("not_found");
  const delegations = state.byIntent.of(id);
  const all = delegations.map((one) => state.delegation(one));
  const isTaken = all.some((one) => isOpen(one));
  const isDone = all.some(({ milestones }) =>
    milestones.some(({ state: is }) => is === "released" || is === "verifying"),
  );
  const is = isTaken ? "delegated" : isDone ? "closed" : "open";
  return { id, state: is, delegations: [...delegations] };
}

export function viewNode({ envelope, seq }: Node): JsonObject {
  const { id, kind, intent, parent, payload, from, to, digest } = envelope;
  return {
    ...{ id, kind, parent, from, to, digest, seq },
    ...(intent === null ? {} : { action: intent.action }),
    refs: [...(textsOf(payload, "refs") ?? [])],
  };
}

/** Of a root, in the order of the log. */
export function nodesUnder(state: MeshState, root: string): readonly Node[] {
  const ids = state.members.of(root);
  return ids.flatMap((id) => state.node(id) ?? []);
}

/** From the root to the node. */
export function lineageOf(state: MeshState, id: string): readonly string[] {
  const found: string[] = [];
  let node = state.node(id);
  if (node === null) return reject("not_found");
  // Bounded by the depth of the graph.
  while (node !== null) {
    found.push(node.envelope.id);
    node = node.envelope.parent === null ? null : state.node(node.envelope.parent);
  }
  return found.reverse();
}

/** In the language of Graphviz; every text is quoted. */
export function dotOf(state: MeshState, root: string): string {
  const quote = (text: string) => JSON.stringify(text);
  const lines = nodesUnder(state, root).flatMap(({ envelope }) => {
    const { id, kind, intent, parent, payload } = envelope;
    const label = `${kind} ${intent?.action ?? ""}`.trim();
    const causes = [...(parent === null ? [] : [parent]), ...(textsOf(payload, "refs") ?? [])];
    return [
      `  ${quote(id)} [label=${quote(label)}];`,
      ...causes.map((cause) => `  ${quote(cause)} -> ${quote(id)};`),
    ];
  });
  return `digraph ${quote(root)} {\n${lines.join("\n")}\n}\n`;
}

/**
 * Whether hashes chain, balances are what the transactions make when they are folded once more,
 * sums are zero, nobody is below zero, and nothing lies in escrow of what has ended (M12.3). Of the
 * acknowledged state: each transaction is folded once more one time, not at each look.
 */
export function verifyLedger(state: MeshState): JsonObject {
  const { ledger, refolded } = state;
  const { sums, negative } = ledger.audit();
  const isFold = refolded.follow(ledger) && refolded.hasBalancesOf(ledger);
  const isSound = negative.length === 0 && Object.values(sums).every((sum) => sum === 0);
  const isStuck = [...state.delegations.values()].some((one) => keepsEscrow(state, one));
  const ok = isFold && refolded.head === ledger.head && isSound && !isStuck;
  const transactions = ledger.transactions.length;
  const value: Json = { ok, transactions, sums, negative: [...negative], head: ledger.head };
  return value;
}

/** More than what waits for a verdict, after its end. */
function keepsEscrow({ ledger }: MeshState, delegation: Delegation): boolean {
  if (isOpen(delegation)) return false;
  const balance = ledger.balance(escrowOf(delegation.id), currencyOf(delegation));
  return balance > sumOf(delegation, "verifying");
}
