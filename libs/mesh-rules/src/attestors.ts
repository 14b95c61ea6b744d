/** Who may vote on an outcome (M8.2, M8.3). */
import { sha256, toHex, utf8 } from "@ams/provenance";
import { reject } from "./errors.ts";
import { ATTESTORS_MAX } from "./limits.ts";
import type { MeshState } from "./state.ts";

export type Parties = { readonly agent: string; readonly principal: string };

/** Named ones, each checked; else drawn, so that neither side picks. */
export function chooseAttestors(
  state: MeshState,
  k: number,
  named: readonly string[] | null,
  parties: Parties,
): readonly string[] {
  if (k === 0) return [];
  if (named !== null && named.length > 0) {
    if (named.length > ATTESTORS_MAX) reject("invalid_envelope", { field: "attestors" });
    for (const did of named) state.keyOf(did);
    if (areNotIndependent(state, named, parties)) reject("attestor_conflict");
    return named.length < k ? reject("no_attestors") : named;
  }
  const drawn = drawAttestors(state, Math.min(ATTESTORS_MAX, 2 * k - 1), parties);
  return drawn.length < k ? reject("no_attestors") : drawn;
}

/** Sorted by the hash of the log's root before the append, and the DID. */
function drawAttestors(state: MeshState, count: number, parties: Parties): readonly string[] {
  const root = state.tree.root();
  const candidates = [...state.cards.values()].filter(
    ({ attestor, did }) => attestor && state.keyIfAny(did) !== null,
  );
  const order = candidates
    .map(({ did }) => ({ did, by: toHex(sha256(root, utf8(did))) }))
    .sort((a, b) => (a.by < b.by ? -1 : 1));
  const chosen: string[] = [];
  for (const { did } of order) {
    if (chosen.length === count) break;
    if (!areNotIndependent(state, [...chosen, did], parties)) chosen.push(did);
  }
  return chosen;
}

/** One who is a party, shares a party's key or account, or two with one key. */
export function areNotIndependent(
  state: MeshState,
  dids: readonly string[],
  { agent, principal }: Parties,
): boolean {
  const sides = [agent, principal];
  const keys = sides.map((did) => state.keyIfAny(did));
  const accounts = sides.flatMap((did) => state.accounts.get(did) ?? []);
  const own = dids.map((did) => state.keyIfAny(did) ?? did);
  if (new Set(own).size < own.length) return true;
  return dids.some((did) => {
    const account = state.accounts.get(did);
    const hasAccount = account !== undefined && accounts.includes(account);
    return sides.includes(did) || keys.includes(state.keyIfAny(did) ?? "") || hasAccount;
  });
}
