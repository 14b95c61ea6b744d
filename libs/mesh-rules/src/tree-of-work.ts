/** Delegations under delegations, and the domain of a piece of work (M6, M9.1). */
import { type Delegation, isOpen } from "./delegation.ts";
import type { Envelope } from "./envelope.ts";
import type { MeshState } from "./state.ts";

/** The delegation and all open ones under it, depth first. */
export function descendantsOf(state: MeshState, id: string): readonly string[] {
  const found: string[] = [];
  const stack = [id];
  while (stack.length > 0) {
    const next = stack.pop() ?? "";
    const delegation = state.delegations.get(next);
    if (delegation === undefined) continue;
    found.push(next);
    stack.push(...delegation.children.toReversed());
  }
  return found.filter((one) => one === id || isOpen(state.delegation(one)));
}

/** Where a refund goes: the escrow of the nearest open parent, else to the root's principal. */
export function refundTo(
  state: MeshState,
  delegation: Delegation,
  ending: ReadonlySet<string> = new Set(),
): string {
  let above = delegation.parent;
  // Bounded by the depth of the graph.
  while (above !== null) {
    const parent = state.delegation(above);
    if (isOpen(parent) && !ending.has(parent.id)) return `escrow:${parent.id}`;
    above = parent.parent;
  }
  return `avail:${delegation.rootPrincipal}`;
}

/** `skill:tax-filing` and `did:w7:skill/tax-filing` match the same skill; null for a DID. */
export function skillOf(to: string): string | null {
  if (to.startsWith("skill:")) return to.slice("skill:".length);
  const prefix = "did:w7:skill/";
  return to.startsWith(prefix) ? (to.slice(prefix.length).split("/")[0] ?? null) : null;
}

export function domainOf({ to, intent }: Envelope): string {
  return skillOf(to) ?? intent?.action.split(/[/.]/)[0] ?? "";
}
