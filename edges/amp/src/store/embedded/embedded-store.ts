/**
 * The store in a file of this process. Rates and presence are of this process alone, so they are
 * kept in its memory. The keys are those of `redis/scripts.ts`.
 */
import { openSortedFile, type SortedFile, StoreUnavailable } from "@ams/store";
import type {
  Acceptance,
  Accepted,
  Acked,
  AgentClaim,
  AgentRef,
  Counter,
  Head,
  JobSpec,
  Page,
  Queued,
  Registered,
  Resolved,
  Store,
} from "../store.ts";
import { partitionOf } from "../store.ts";
import { dequeue, type Kept, markKept, PURGE_MAX, purge, readKept } from "./kept.ts";
import { Windows } from "./windows.ts";

/** Milliseconds between two sweeps of what has expired. */
const SWEEP_MS = 10_000;
/** Queued messages that one step of a wipe removes. */
const WIPE_MAX = 1_000;

/** Throws with a sentence when the file can't be opened. */
export function openEmbeddedStore(path: string): Store {
  const opened = openSortedFile(path, "amp");
  if (!opened.ok) throw new Error(opened.fault);
  return new EmbeddedStore(opened.value);
}

class EmbeddedStore implements Store {
  readonly kind = "embedded";
  readonly #file: SortedFile;
  readonly #windows = new Windows();
  readonly #presence = new Map<string, Map<string, number>>();
  readonly #sweeping: NodeJS.Timeout;

  constructor(file: SortedFile) {
    this.#file = file;
    this.#sweeping = setInterval(() => file.sweep(Date.now()), SWEEP_MS);
    this.#sweeping.unref();
  }

  async ping(): Promise<void> {
    this.#look(() => this.#file.get("ping", 0));
  }

  async read(_at: string, key: string): Promise<string | null> {
    return this.#look(() => this.#file.get(`kv:${key}`, Date.now()));
  }

  async write(_at: string, key: string, value: string, ttlMs: number | null): Promise<void> {
    this.#step(() => this.#file.set(`kv:${key}`, value, untilOf(ttlMs)));
  }

  async claim(_at: string, key: string, value: string, ttlMs: number | null) {
    return this.#step(() => {
      const had = this.#file.get(`kv:${key}`, Date.now());
      if (had === null) this.#file.set(`kv:${key}`, value, untilOf(ttlMs));
      return had;
    });
  }

  async swap(_at: string, key: string, before: string, after: string | null, ttlMs: number | null) {
    return this.#step(() => {
      if (this.#file.get(`kv:${key}`, Date.now()) !== before) return false;
      if (after === null) this.#file.delete(`kv:${key}`);
      else this.#file.set(`kv:${key}`, after, untilOf(ttlMs));
      return true;
    });
  }

  async remove(_at: string, key: string): Promise<boolean> {
    return this.#step(() => this.#file.delete(`kv:${key}`));
  }

  async list(_at: string, key: string, member: string, score: number, max: number) {
    this.#step(() => {
      const set = `list:${key}`;
      this.#file.add(set, member, score);
      const excess = this.#file.size(set) - max;
      if (excess <= 0) return;
      const lowest = this.#file.range(set, 0, Number.MAX_SAFE_INTEGER, excess);
      for (const old of lowest) this.#file.removeMember(set, old);
    });
  }

  async unlist(_at: string, key: string, member: string): Promise<void> {
    this.#step(() => this.#file.removeMember(`list:${key}`, member));
  }

  async listed(_at: string, key: string, limit: number): Promise<readonly string[]> {
    return this.#look(() => this.#file.highest(`list:${key}`, limit));
  }

  async enter(_at: string, key: string | null, counters: readonly Counter[], nowMs: number) {
    const counts = counters.map((counter) => this.#windows.count(counter, nowMs));
    const value = key === null ? null : this.#look(() => this.#file.get(key, nowMs));
    return { value, counts };
  }

  async register(claim: AgentClaim): Promise<Registered> {
    const { id, tenant, name, address, fingerprint, record, member, agentsMax } = claim;
    return this.#step(() => {
      const file = this.#file;
      if (file.get(`address:${address}`, Date.now()) !== null) return "name_taken";
      const key = `fingerprint:${tenant}:${fingerprint}`;
      if (file.get(key, Date.now()) !== null) return "key_taken";
      if (file.size(`tenant:${tenant}`) >= agentsMax) return "limit";
      file.set(`agent:${id}`, record);
      file.set(`address:${address}`, id);
      file.set(key, id);
      file.add(`short:${tenant}:${name}`, id, 0);
      file.add(`tenant:${tenant}`, address, 0);
      file.set(`member:${address}`, member);
      return "registered";
    });
  }

  async save(
    { id }: AgentRef,
    before: string,
    after: string,
    member: { readonly address: string; readonly text: string } | null,
  ): Promise<boolean> {
    return this.#step(() => {
      if (this.#file.get(`agent:${id}`, 0) !== before) return false;
      this.#file.set(`agent:${id}`, after);
      if (member !== null) this.#file.set(`member:${member.address}`, member.text);
      return true;
    });
  }

  async moveKey({ tenant, id }: AgentRef, from: string, to: string): Promise<boolean> {
    return this.#step(() => {
      const base = `fingerprint:${tenant}:`;
      const holder = this.#file.get(`${base}${to}`, 0);
      if (holder !== null && holder !== id) return false;
      this.#file.set(`${base}${to}`, id);
      const isOwn = this.#file.get(`${base}${from}`, 0) === id;
      if (from !== to && isOwn) this.#file.delete(`${base}${from}`);
      return true;
    });
  }

  async deregister(claim: Omit<AgentClaim, "member" | "agentsMax">, holdMs: number) {
    const { id, tenant, name, address, fingerprint, record } = claim;
    return this.#step(() => {
      const file = this.#file;
      if (file.get(`agent:${id}`, 0) !== record) return false;
      file.delete(`agent:${id}`);
      file.set(`address:${address}`, "-", untilOf(holdMs));
      const key = `fingerprint:${tenant}:${fingerprint}`;
      if (file.get(key, 0) === id) file.delete(key);
      file.removeMember(`short:${tenant}:${name}`, id);
      file.removeMember(`tenant:${tenant}`, address);
      file.delete(`member:${address}`);
      return true;
    });
  }

  async wipe({ id }: AgentRef): Promise<number> {
    return this.#step(() => {
      const ids = this.#file.range(`queue:${id}`, 0, Number.MAX_SAFE_INTEGER, WIPE_MAX);
      for (const one of ids) dequeue(this.#file, id, one);
      const left = this.#file.size(`queue:${id}`);
      if (left > 0) return left;
      this.#presence.delete(id);
      for (const key of [`receipts:${id}`, `n:${id}`]) this.#file.delete(key);
      return 0;
    });
  }

  async resolve(
    tenant: string,
    address: string,
    name: string,
    nowMs: number,
  ): Promise<Resolved | null> {
    return this.#look(() => {
      const named = () => this.#file.range(`short:${tenant}:${name}`, 0, 0, 2);
      const full = this.#file.get(`address:${address}`, Date.now());
      const short = full === null ? named() : [];
      const id = full ?? (short.length === 1 ? short[0] : undefined);
      const record = id === undefined ? null : this.#file.get(`agent:${id}`, 0);
      if (id === undefined || record === null) return null;
      const leases = [...(this.#presence.get(id) ?? [])];
      const processes = leases.flatMap(([one, until]) => (until > nowMs ? [one] : []));
      return { id, record, processes };
    });
  }

  async members(tenant: string): Promise<readonly string[]> {
    return this.#look(() =>
      this.#file
        .range(`tenant:${tenant}`, 0, 0, Number.MAX_SAFE_INTEGER)
        .flatMap((address) => this.#file.get(`member:${address}`, 0) ?? []),
    );
  }

  async accept(one: Acceptance, nowMs: number): Promise<Accepted> {
    const { agent, id, body, meta, expiresAtMs, rememberUntilMs, job } = one;
    return this.#step(() => {
      const file = this.#file;
      const msg = `msg:${agent.id}:${id}`;
      if (file.get(`agent:${agent.id}`, 0) === null) return { outcome: "gone" };
      if (file.get(msg, nowMs) !== null) return { outcome: "seen" };
      if (one.receivedMax > 0) {
        const counter = { name: `received:${agent.id}`, windowMs: 60_000 };
        if (this.#windows.count(counter, nowMs) > one.receivedMax) return { outcome: "rate" };
      }
      purge(this.#file, agent.id, nowMs);
      if (file.size(`queue:${agent.id}`) >= one.queueMax) return { outcome: "full" };
      const n = Number(file.get(`n:${agent.id}`, 0)) + 1;
      file.set(`n:${agent.id}`, String(n));
      const kept: Kept = { n, q: nowMs, x: expiresAtMs, m: meta, marks: {} };
      file.set(msg, JSON.stringify(kept), rememberUntilMs);
      file.set(`body:${agent.id}:${id}`, body, rememberUntilMs);
      file.add(`queue:${agent.id}`, id, n);
      file.add(`expiry:${agent.id}`, id, expiresAtMs);
      if (job !== null) this.#schedule(agent.tenant, job);
      return { outcome: "accepted", n };
    });
  }

  async ack(agent: AgentRef, ids: readonly string[], method: string, nowMs: number) {
    return this.#step(() =>
      ids.flatMap((id): Acked[] => {
        const expires = this.#file.score(`expiry:${agent.id}`, id);
        if (expires === null || expires <= nowMs) return [];
        dequeue(this.#file, agent.id, id);
        const marked = markKept(this.#file, agent.id, id, "d", method, nowMs);
        return [{ id, isFirst: marked?.isFirst ?? false, meta: marked?.meta ?? "" }];
      }),
    );
  }

  async pending(
    agent: AgentRef,
    page: { readonly afterN: number; readonly limit: number; readonly bytesMax: number },
    nowMs: number,
  ): Promise<Page> {
    return this.#look(() => {
      const set = `queue:${agent.id}`;
      const from = page.afterN + 1;
      const ids = this.#file.range(set, from, Number.MAX_SAFE_INTEGER, page.limit + PURGE_MAX);
      const messages: Page["messages"][number][] = [];
      let bytes = 0;
      let expired = 0;
      for (const id of ids) {
        const kept = readKept(this.#file, agent.id, id, nowMs);
        const body = this.#file.get(`body:${agent.id}:${id}`, nowMs);
        if (kept === null || body === null || kept.x <= nowMs) {
          expired += 1;
          continue;
        }
        bytes += Buffer.byteLength(body);
        const isFull = messages.length >= page.limit || bytes > page.bytesMax;
        if (isFull && messages.length > 0) break;
        messages.push({ id, n: kept.n, body, queuedAtMs: kept.q, expiresAtMs: kept.x });
      }
      const all = page.afterN <= 0 ? this.#file.size(set) : this.#file.countFrom(set, from);
      return { messages, count: Math.max(messages.length, all - expired) };
    });
  }

  async depth({ id }: AgentRef, nowMs: number) {
    return this.#step(() => {
      purge(this.#file, id, nowMs);
      const [first] = this.#file.range(`queue:${id}`, 0, Number.MAX_SAFE_INTEGER, 1);
      const oldestMs =
        first === undefined ? null : (readKept(this.#file, id, first, nowMs)?.q ?? null);
      return { count: this.#file.size(`queue:${id}`), oldestMs };
    });
  }

  async peek(agent: AgentRef, id: string, nowMs: number): Promise<Queued | null> {
    return this.#look(() => {
      const kept = readKept(this.#file, agent.id, id, nowMs);
      const body = this.#file.get(`body:${agent.id}:${id}`, nowMs);
      if (kept === null || body === null || kept.x <= nowMs) return null;
      return { id, n: kept.n, body, queuedAtMs: kept.q, expiresAtMs: kept.x };
    });
  }

  async heads(agents: readonly AgentRef[]): Promise<readonly Head[]> {
    const one = (id: string) => ({
      n: Number(this.#file.get(`n:${id}`, 0)),
      receipts: this.#receipts(id).length,
    });
    return this.#look(() => agents.map(({ id }) => one(id)));
  }

  async mark(agent: AgentRef, id: string, field: string, value: string) {
    return this.#step(() => markKept(this.#file, agent.id, id, field, value, Date.now()));
  }

  async here(agents: readonly AgentRef[], process: string, untilMs: number): Promise<void> {
    for (const { id } of agents) {
      const leases = this.#presence.get(id) ?? new Map<string, number>();
      this.#presence.set(id, leases.set(process, untilMs));
    }
  }

  async gone({ id }: AgentRef, process: string): Promise<void> {
    const leases = this.#presence.get(id);
    leases?.delete(process);
    if (leases?.size === 0) this.#presence.delete(id);
  }

  async keepReceipt({ id }: AgentRef, receipt: string, max: number, ttlMs: number): Promise<void> {
    this.#step(() => {
      const kept = this.#receipts(id);
      const all = JSON.stringify([...kept, receipt].slice(-max));
      this.#file.set(`receipts:${id}`, all, untilOf(ttlMs));
    });
  }

  async takeReceipts({ id }: AgentRef): Promise<readonly string[]> {
    return this.#step(() => {
      const kept = this.#receipts(id);
      if (kept.length > 0) this.#file.delete(`receipts:${id}`);
      return kept;
    });
  }

  async schedule(at: string, job: JobSpec): Promise<void> {
    this.#step(() => this.#schedule(at, job));
  }

  async finish(at: string, id: string): Promise<void> {
    this.#step(() => this.#finish(partitionOf(at), id));
  }

  async due(partition: number, nowMs: number, leaseMs: number, limit: number) {
    const set = `due:${partition}`;
    const ids = this.#look(() => this.#file.range(set, 0, nowMs, limit));
    if (ids.length === 0) return [];
    return this.#step(() =>
      ids.flatMap((id) => {
        const value = this.#file.get(`job:${id}`, 0);
        if (value === null) this.#finish(partition, id);
        else this.#file.add(set, id, nowMs + leaseMs);
        return value === null ? [] : [{ id, value }];
      }),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    await this.#file.close();
  }

  #schedule(at: string, { id, atMs, value }: JobSpec): void {
    this.#file.set(`job:${id}`, value);
    this.#file.add(`due:${partitionOf(at)}`, id, atMs);
  }

  #finish(partition: number, id: string): void {
    this.#file.delete(`job:${id}`);
    this.#file.removeMember(`due:${partition}`, id);
  }

  #receipts(id: string): readonly string[] {
    const kept: unknown = JSON.parse(this.#file.get(`receipts:${id}`, Date.now()) ?? "[]");
    return Array.isArray(kept) ? kept.map(String) : [];
  }

  #step<Result>(action: () => Result): Result {
    return this.#look(() => this.#file.step(action));
  }

  #look<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      throw new StoreUnavailable(`The amp file does not answer: ${reason}`);
    }
  }
}

function untilOf(ttlMs: number | null): number {
  return ttlMs === null ? 0 : Date.now() + ttlMs;
}
