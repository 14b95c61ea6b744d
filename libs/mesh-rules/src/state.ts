/** The state of a mesh: a fold of its log and of nothing else. */
import { type JsonObject, parseDid, resolveDidKey, TreeHashes, toHex } from "@ams/provenance";
import type { Delegation } from "./delegation.ts";
import { type EntryKind, leafOf } from "./entry.ts";
import { type Envelope, PRIME, type Verb } from "./envelope.ts";
import { reject } from "./errors.ts";
import { Ledger } from "./money/ledger.ts";
import { FIRST_POLICY, type Policy, readPolicy } from "./policy.ts";
import type { Card, Name } from "./registry.ts";
import { Index, List, Table, Undo } from "./table.ts";

export type Node = {
  readonly seq: number;
  readonly at: number;
  readonly envelope: Envelope;
  readonly verb: Verb;
  /** Hex of the key that its signature was checked with. */
  readonly key: string;
  readonly root: string;
  readonly depth: number;
};

export type Thread = {
  readonly parties: readonly [string, string];
  readonly state: "open" | "agreed" | "rejected" | "withdrawn";
  readonly rounds: number;
  readonly last: string;
  readonly offeredBy: string;
  readonly terms: JsonObject;
  readonly hash: string;
};

export type Decision = {
  readonly id: string;
  readonly policy: string;
  readonly policy_hash: string;
  readonly subject: string;
  readonly input_hash: string;
  readonly result: "allow" | "deny" | "parked";
  readonly reasons: readonly string[];
  readonly at: number;
};

export type SignedDecision = { readonly decision: Decision; readonly sig: string };

/** What was taken from a stake, held until it can no longer be disputed (M7.7). */
export type Slash = {
  readonly id: string;
  readonly delegation: string;
  readonly agent: string;
  readonly principal: string;
  readonly currency: string;
  readonly toPrincipal: number;
  readonly toTreasury: number;
  readonly reason: string;
  readonly due: number;
  readonly state: "held" | "disputed" | "paid" | "overturned";
};

export type Due = {
  readonly at: number;
  readonly kind: "expire" | "silence" | "cycle" | "slash";
  readonly id: string;
  readonly milestone: string;
};

export type Settings = {
  readonly mesh: string;
  /** Hex of Prime's key. */
  readonly primeKey: string;
  /** Unix milliseconds. */
  readonly openedAt: number;
  readonly nonceWindow: number;
  readonly appealS: number;
};

export type Nonces = { readonly max: number; readonly used: ReadonlySet<number> };
export type MeshEvent = {
  readonly seq: number;
  readonly delegation: string;
  readonly milestone: string | null;
  readonly state: string;
};
export type Leaf = {
  readonly kind: EntryKind;
  readonly digest: string;
  readonly at: number;
  /** Of the envelope; empty for another kind. */
  readonly id: string;
};

export class MeshState {
  readonly settings: Settings;
  readonly undo = new Undo();
  readonly leaves = new List<Leaf>(this.undo);
  readonly tree = new TreeHashes();
  readonly ledger = new Ledger(this.undo);
  /** Of the transactions alone, as far as `verifyLedger` has read them. */
  readonly refolded = new Ledger();
  readonly nodes = new Table<Node>(this.undo);
  readonly nonces = new Table<Nonces>(this.undo);
  readonly names = new Table<Name>(this.undo);
  readonly webKeys = new Table<string>(this.undo);
  readonly accounts = new Table<string>(this.undo);
  readonly cards = new Table<Card>(this.undo);
  readonly policies = new List<Policy>(this.undo);
  readonly decisions = new Table<SignedDecision>(this.undo);
  readonly parked = new Table<string>(this.undo);
  readonly threads = new Table<Thread>(this.undo);
  readonly delegations = new Table<Delegation>(this.undo);
  readonly slashes = new Table<Slash>(this.undo);
  readonly withdrawals = new Table<"held" | "paid" | "returned">(this.undo);
  readonly dues = new Table<Due>(this.undo);
  /** Of a node: its children. Of a root: all nodes under it. */
  readonly children = new Index(this.undo);
  readonly members = new Index(this.undo);
  readonly byIntent = new Index(this.undo);
  readonly byAgent = new Index(this.undo);
  readonly byPrincipal = new Index(this.undo);
  readonly bySkill = new Index(this.undo);
  readonly settlements = new Index(this.undo);
  readonly decisionsOn = new Index(this.undo);
  /** Transactions that name a delegation, by its id. */
  readonly moneyOf = new Index(this.undo);
  /** Of each transaction of the ledger: its entry in the log. */
  readonly seqOfTx = new List<number>(this.undo);
  /** What became of work, in the order of the log. */
  readonly events = new List<MeshEvent>(this.undo);
  #nextDue = Number.POSITIVE_INFINITY;

  constructor(settings: Settings) {
    this.settings = settings;
    this.policies.push(readPolicy(FIRST_POLICY, 0));
  }

  /** A lower bound of what is due next, in Unix milliseconds. */
  get nextDue(): number {
    return this.#nextDue;
  }

  /** Taken back with the dues that it is of: else they would wait for a restart. */
  #setNextDue(at: number): void {
    const before = this.#nextDue;
    this.undo.add(() => {
      this.#nextDue = before;
    });
    this.#nextDue = at;
  }

  /** Entries applied, those that are not acknowledged yet among them. */
  get size(): number {
    return this.leaves.length;
  }

  /** Unix milliseconds of the last entry. */
  get at(): number {
    return this.leaves.at(this.leaves.length - 1)?.at ?? this.settings.openedAt;
  }

  get policy(): Policy {
    return this.policies.at(this.policies.length - 1) ?? readPolicy(FIRST_POLICY, 0);
  }

  policyOf(version: number): Policy {
    return this.policies.at(version) ?? this.policy;
  }

  /** The tree holds acknowledged entries only. */
  growTree(size: number): void {
    for (let seq = this.tree.size; seq < size; seq += 1) {
      const leaf = this.leaves.at(seq);
      if (leaf === undefined) throw new RangeError("the log is shorter");
      this.tree.append(leafOf(leaf.kind, leaf.digest));
    }
  }

  root(size = this.tree.size): string {
    return toHex(this.tree.root(size));
  }

  node(id: string): Node | null {
    return this.nodes.get(id) ?? null;
  }

  delegation(id: string): Delegation {
    return this.delegations.get(id) ?? reject("not_found");
  }

  /** Hex of the key that a DID signs with now. Throws `Refused`. */
  keyOf(did: string): string {
    if (did === PRIME) return this.settings.primeKey;
    const known = this.names.get(did);
    if (known?.deactivated) reject("did_deactivated");
    if (known !== undefined) return known.keys.at(-1)?.hex ?? "";
    const method = parseDid(did)?.method;
    if (method === "key") {
      const read = resolveDidKey(did);
      return read.ok ? read.key.hex : reject(read.fault);
    }
    const web = this.webKeys.get(did);
    return web ?? reject("did_not_found");
  }

  /** Null where the DID has none in this mesh. */
  keyIfAny(did: string): string | null {
    if (this.names.get(did)?.deactivated) return null;
    try {
      return this.keyOf(did);
    } catch {
      return null;
    }
  }

  addDue(key: string, due: Due): void {
    this.dues.set(key, due);
    if (due.at < this.nextDue) this.#setNextDue(due.at);
  }

  /** What is due, earliest first. */
  duesAt(now: number, max: number): readonly Due[] {
    if (now < this.nextDue) return [];
    let next = Number.POSITIVE_INFINITY;
    const due: Due[] = [];
    for (const one of this.dues.values()) {
      next = Math.min(next, one.at);
      if (one.at <= now) due.push(one);
    }
    this.#setNextDue(next);
    return due.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(0, max);
  }

  note(seq: number, delegation: string, state: string, milestone: string | null = null): void {
    this.events.push({ seq, delegation, milestone, state });
  }

  /** Those of one entry. */
  eventsAt(seq: number): readonly MeshEvent[] {
    let [from, to] = [0, this.events.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if ((this.events.at(middle)?.seq ?? 0) < seq) from = middle + 1;
      else to = middle;
    }
    let end = from;
    while (this.events.at(end)?.seq === seq) end += 1;
    return this.events.slice(from, end);
  }

  openDelegations(): number {
    let open = 0;
    for (const { state } of this.delegations.values())
      if (["funded", "accepted", "active", "past_due"].includes(state)) open += 1;
    return open;
  }
}
