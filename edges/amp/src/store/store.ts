/**
 * What the provider keeps, as a contract with two drivers (`redis/`, `embedded/`) and one suite
 * (`store.contract.ts`). Each call is one atomic step in one partition; `at` decides on the
 * partition, and all keys of a tenant and its agents have the tenant's. Times are Unix milliseconds
 * and come from the caller. A store that doesn't answer rejects with `StoreUnavailable`.
 */

export type AgentRef = { readonly tenant: string; readonly id: string };

export type Counter = {
  readonly name: string;
  /** Milliseconds of the fixed window. */
  readonly windowMs: number;
};

export type AgentClaim = AgentRef & {
  readonly name: string;
  readonly address: string;
  readonly fingerprint: string;
  readonly record: string;
  /** What the list of the tenant shows. */
  readonly member: string;
  /** Agents that the tenant may have. */
  readonly agentsMax: number;
};

export type Registered = "registered" | "name_taken" | "key_taken" | "limit";

export type Resolved = {
  readonly id: string;
  readonly record: string;
  /** Processes that have a socket of the agent. */
  readonly processes: readonly string[];
};

export type JobSpec = { readonly id: string; readonly atMs: number; readonly value: string };

export type Job = { readonly id: string; readonly value: string };

export type Acceptance = {
  readonly agent: AgentRef;
  readonly id: string;
  /** The message as recipients get it. */
  readonly body: string;
  /** What receipts need to know of it. */
  readonly meta: string;
  readonly expiresAtMs: number;
  /** Until when the id is remembered. */
  readonly rememberUntilMs: number;
  readonly queueMax: number;
  /** Messages that the agent may receive per minute; 0 for any number. */
  readonly receivedMax: number;
  readonly job: JobSpec | null;
};

export type Accepted =
  | { readonly outcome: "accepted"; readonly n: number }
  | { readonly outcome: "seen" | "full" | "rate" | "gone" };

export type Queued = {
  readonly id: string;
  readonly n: number;
  readonly body: string;
  readonly queuedAtMs: number;
  readonly expiresAtMs: number;
};

export type Head = { readonly n: number; readonly receipts: number };

export type Page = {
  readonly messages: readonly Queued[];
  /** All that is queued after the position that was asked for, these included. */
  readonly count: number;
};

export type Acked = {
  readonly id: string;
  /** True when nothing had said before that it was delivered. */
  readonly isFirst: boolean;
  readonly meta: string;
};

export type Marked = { readonly isFirst: boolean; readonly meta: string };

export interface Store {
  readonly kind: "redis" | "embedded";
  /** Rejects when the store doesn't answer. */
  ping(): Promise<void>;

  read(at: string, key: string): Promise<string | null>;
  write(at: string, key: string, value: string, ttlMs: number | null): Promise<void>;
  /** Null when the key was free and is now this value; else the value that it has. */
  claim(at: string, key: string, value: string, ttlMs: number | null): Promise<string | null>;
  /** Changes what is still `before`; `after` null removes it. False when it is something else. */
  swap(
    at: string,
    key: string,
    before: string,
    after: string | null,
    ttlMs: number | null,
  ): Promise<boolean>;
  remove(at: string, key: string): Promise<boolean>;

  /** A member of a sorted list, which keeps at most `max`, those of the highest score. */
  list(at: string, key: string, member: string, score: number, max: number): Promise<void>;
  unlist(at: string, key: string, member: string): Promise<void>;
  /** Highest score first. */
  listed(at: string, key: string, limit: number): Promise<readonly string[]>;

  /** Counts one on each counter, and reads a key in the same step. */
  enter(
    at: string,
    key: string | null,
    counters: readonly Counter[],
    nowMs: number,
  ): Promise<{ readonly value: string | null; readonly counts: readonly number[] }>;

  register(claim: AgentClaim): Promise<Registered>;
  /** Changes an agent's record that is still `before`. */
  save(
    agent: AgentRef,
    before: string,
    after: string,
    member: { readonly address: string; readonly text: string } | null,
  ): Promise<boolean>;
  /** Moves the tenant's claim of a key; false when another agent has the new one. */
  moveKey(agent: AgentRef, from: string, to: string): Promise<boolean>;
  /** Ends the agent and holds its address for so long. */
  deregister(claim: Omit<AgentClaim, "member" | "agentsMax">, holdMs: number): Promise<boolean>;
  /** Removes what an agent that is gone still had; resolves with how much is left, at most. */
  wipe(agent: AgentRef): Promise<number>;
  /** By full address, or by a short one while one agent alone has that name. */
  resolve(tenant: string, address: string, name: string, nowMs: number): Promise<Resolved | null>;
  members(tenant: string): Promise<readonly string[]>;

  accept(acceptance: Acceptance, nowMs: number): Promise<Accepted>;
  /** Takes out those of the ids that are queued; each comes out once, whoever races. */
  ack(
    agent: AgentRef,
    ids: readonly string[],
    method: string,
    nowMs: number,
  ): Promise<readonly Acked[]>;
  /** In the order of `n`, at most `limit` and about `bytesMax` bytes, but always one. */
  pending(
    agent: AgentRef,
    page: { readonly afterN: number; readonly limit: number; readonly bytesMax: number },
    nowMs: number,
  ): Promise<Page>;
  depth(
    agent: AgentRef,
    nowMs: number,
  ): Promise<{ readonly count: number; readonly oldestMs: number | null }>;
  /** A message that is queued, by its id. */
  peek(agent: AgentRef, id: string, nowMs: number): Promise<Queued | null>;
  /** The last `n` of each agent, and how many receipts wait for it. */
  heads(agents: readonly AgentRef[]): Promise<readonly Head[]>;
  /** Sets a field of a message once; null when the message isn't known. */
  mark(agent: AgentRef, id: string, field: string, value: string): Promise<Marked | null>;

  /** The process has a socket of these agents until then. */
  here(agents: readonly AgentRef[], process: string, untilMs: number): Promise<void>;
  gone(agent: AgentRef, process: string): Promise<void>;

  keepReceipt(agent: AgentRef, receipt: string, max: number, ttlMs: number): Promise<void>;
  takeReceipts(agent: AgentRef): Promise<readonly string[]>;

  schedule(at: string, job: JobSpec): Promise<void>;
  finish(at: string, id: string): Promise<void>;
  /** Jobs of a partition that are due, each leased for so long. */
  due(partition: number, nowMs: number, leaseMs: number, limit: number): Promise<readonly Job[]>;

  close(): Promise<void>;
}

/** Partitions: so many that a Cluster of any size spreads them. */
export const PARTITIONS = 128;

/** FNV-1a: which partition has the keys of a tenant, an id or an address. */
export function partitionOf(at: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < at.length; index += 1) {
    hash = Math.imul(hash ^ at.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % PARTITIONS;
}
