/** The store on Redis: any number of processes share it. */
import {
  answered,
  confirmRedisFormat,
  connectRedis,
  createRedisStore,
  listOf,
  type RedisStore,
  type Script,
  StoreUnavailable,
  textOf,
  textsOf,
  whenReady,
} from "@ams/store";
import type {
  Acceptance,
  Accepted,
  Acked,
  AgentClaim,
  AgentRef,
  Counter,
  Head,
  Job,
  JobSpec,
  Marked,
  Page,
  Queued,
  Registered,
  Resolved,
  Store,
} from "../store.ts";
import { partitionOf } from "../store.ts";
import {
  ACCEPT,
  ACK,
  CLAIM,
  DEPTH,
  DEREGISTER,
  DUE,
  ENTER,
  FINISH,
  HERE,
  KEEP_RECEIPT,
  LIST,
  MARK,
  MOVE_KEY,
  PENDING,
  REGISTER,
  RESOLVE,
  SAVE,
  SCHEDULE,
  SCRIPTS,
  SWAP,
  TAKE_RECEIPTS,
  WIPE,
} from "./scripts.ts";

/** What the names of all keys begin with. */
const PREFIX = "amp:";
/** Milliseconds that Redis may take to answer at the start. */
const READY_MS_MAX = 5_000;

/** Called with the seconds that a script took. */
export type Observe = (script: string, seconds: number) => void;

/** Rejects with a sentence when Redis can't be reached, or a later version has written it. */
export async function openRedisStore(url: string, observe: Observe): Promise<Store> {
  const connected = connectRedis(url, "command");
  if (!connected.ok) throw new Error(`AMS_AMP_REDIS_URL ${connected.fault}`);
  try {
    await whenReady(connected.value, READY_MS_MAX);
    await confirmRedisFormat(connected.value.client, `${PREFIX}format`);
  } catch (error) {
    connected.value.client.disconnect();
    throw error;
  }
  return new RedisAmpStore(createRedisStore(connected.value.client, SCRIPTS), observe);
}

class RedisAmpStore implements Store {
  readonly kind = "redis";
  readonly #redis: RedisStore;
  readonly #observe: Observe;

  constructor(redis: RedisStore, observe: Observe) {
    this.#redis = redis;
    this.#observe = observe;
  }

  async ping(): Promise<void> {
    await answered("ping", this.#redis.client.ping());
  }

  async read(at: string, key: string): Promise<string | null> {
    return answered("get", this.#redis.client.get(`${baseOf(at)}kv:${key}`));
  }

  async write(at: string, key: string, value: string, ttlMs: number | null): Promise<void> {
    const name = `${baseOf(at)}kv:${key}`;
    const { client } = this.#redis;
    const set = ttlMs === null ? client.set(name, value) : client.set(name, value, "PX", ttlMs);
    await answered("set", set);
  }

  async claim(at: string, key: string, value: string, ttlMs: number | null) {
    return textOf(await this.#run(CLAIM, at, [key, value, ttlMs ?? ""]));
  }

  async swap(at: string, key: string, before: string, after: string | null, ttlMs: number | null) {
    return this.#isDone(SWAP, at, [key, before, after ?? "", ttlMs ?? ""]);
  }

  async remove(at: string, key: string): Promise<boolean> {
    return (await answered("del", this.#redis.client.del(`${baseOf(at)}kv:${key}`))) === 1;
  }

  async list(at: string, key: string, member: string, score: number, max: number): Promise<void> {
    await this.#run(LIST, at, [key, member, score, max]);
  }

  async unlist(at: string, key: string, member: string): Promise<void> {
    await answered("zrem", this.#redis.client.zrem(`${baseOf(at)}list:${key}`, member));
  }

  async listed(at: string, key: string, limit: number): Promise<readonly string[]> {
    const { client } = this.#redis;
    return answered("zrange", client.zrevrange(`${baseOf(at)}list:${key}`, 0, limit - 1));
  }

  async enter(at: string, key: string | null, counters: readonly Counter[], nowMs: number) {
    const args = counters.flatMap(({ name, windowMs }) => [
      `${name}:${Math.floor(nowMs / windowMs)}`,
      windowMs,
    ]);
    const [value, ...counts] = listOf(await this.#run(ENTER, at, [key ?? "", ...args]));
    return { value: textOf(value), counts: counts.map(Number) };
  }

  async register(claim: AgentClaim): Promise<Registered> {
    const { id, tenant, name, address, fingerprint, record, member, agentsMax } = claim;
    const args = [id, tenant, name, address, fingerprint, record, member, agentsMax];
    const outcome = textOf(await this.#run(REGISTER, tenant, args));
    if (outcome === "registered" || outcome === "name_taken") return outcome;
    return outcome === "limit" ? "limit" : "key_taken";
  }

  async save(
    { tenant, id }: AgentRef,
    before: string,
    after: string,
    member: { readonly address: string; readonly text: string } | null,
  ): Promise<boolean> {
    const listed = [member?.address ?? "", member?.text ?? ""];
    return this.#isDone(SAVE, tenant, [id, before, after, tenant, ...listed]);
  }

  async moveKey({ tenant, id }: AgentRef, from: string, to: string): Promise<boolean> {
    return this.#isDone(MOVE_KEY, tenant, [id, tenant, from, to]);
  }

  async deregister(claim: Omit<AgentClaim, "member" | "agentsMax">, holdMs: number) {
    const { id, tenant, name, address, fingerprint, record } = claim;
    const args = [id, tenant, name, address, fingerprint, record, holdMs];
    return this.#isDone(DEREGISTER, tenant, args);
  }

  async wipe({ tenant, id }: AgentRef): Promise<number> {
    return Number(await this.#run(WIPE, tenant, [id]));
  }

  async resolve(
    tenant: string,
    address: string,
    name: string,
    nowMs: number,
  ): Promise<Resolved | null> {
    const reply = await this.#run(RESOLVE, tenant, [tenant, address, name, nowMs]);
    if (reply === null) return null;
    const [id, record, processes] = listOf(reply);
    return { id: textOf(id) ?? "", record: textOf(record) ?? "", processes: textsOf(processes) };
  }

  async members(tenant: string): Promise<readonly string[]> {
    return answered("hvals", this.#redis.client.hvals(`${baseOf(tenant)}tenant:${tenant}`));
  }

  async accept(one: Acceptance, nowMs: number): Promise<Accepted> {
    const { agent, id, body, meta, expiresAtMs, job } = one;
    const reply = await this.#run(ACCEPT, agent.tenant, [
      agent.id,
      id,
      nowMs,
      body,
      meta,
      expiresAtMs,
      Math.max(1, one.rememberUntilMs - nowMs),
      one.queueMax,
      one.receivedMax,
      job?.id ?? "",
      job?.atMs ?? 0,
      job?.value ?? "",
    ]);
    const [outcome, n] = listOf(reply);
    switch (outcome) {
      case "accepted":
        return { outcome, n: Number(n) };
      case "seen":
      case "full":
      case "rate":
      case "gone":
        return { outcome };
      default:
        throw new StoreUnavailable("Redis replied something else to ampAccept");
    }
  }

  async ack(agent: AgentRef, ids: readonly string[], method: string, nowMs: number) {
    if (ids.length === 0) return [];
    const args = [agent.id, nowMs, method, ...ids];
    return listOf(await this.#run(ACK, agent.tenant, args)).map((row): Acked => {
      const [id, first, meta] = listOf(row);
      return { id: textOf(id) ?? "", isFirst: first === 1, meta: textOf(meta) ?? "" };
    });
  }

  async pending(
    agent: AgentRef,
    page: { readonly afterN: number; readonly limit: number; readonly bytesMax: number },
    nowMs: number,
  ): Promise<Page> {
    const args = [agent.id, page.afterN, page.limit, page.bytesMax, nowMs];
    const [count, rows] = listOf(await this.#run(PENDING, agent.tenant, args));
    const messages = listOf(rows).map((row) => {
      const [id = "", n, body = "", queuedAt, expiresAt] = textsOf(row);
      return {
        id,
        n: Number(n),
        body,
        queuedAtMs: Number(queuedAt),
        expiresAtMs: Number(expiresAt),
      };
    });
    return { messages, count: Number(count) };
  }

  async depth({ tenant, id }: AgentRef, nowMs: number) {
    const [count, oldest] = listOf(await this.#run(DEPTH, tenant, [id, nowMs]));
    const text = textOf(oldest);
    return { count: Number(count), oldestMs: text === null || text === "" ? null : Number(text) };
  }

  async peek({ tenant, id: agent }: AgentRef, id: string, nowMs: number): Promise<Queued | null> {
    const name = `${baseOf(tenant)}msg:${agent}:${id}`;
    const read = this.#redis.client.hmget(name, "n", "b", "q", "x");
    const [n, body = null, queuedAt, expiresAt] = await answered("hmget", read);
    if (body === null || Number(expiresAt) <= nowMs) return null;
    const times = { queuedAtMs: Number(queuedAt), expiresAtMs: Number(expiresAt) };
    return { id, n: Number(n), body, ...times };
  }

  async heads(agents: readonly AgentRef[]): Promise<readonly Head[]> {
    const { client } = this.#redis;
    const one = async ({ tenant, id }: AgentRef) => {
      const base = baseOf(tenant);
      const [n, receipts] = await Promise.all([
        answered("get", client.get(`${base}n:${id}`)),
        answered("llen", client.llen(`${base}receipts:${id}`)),
      ]);
      return { n: Number(n), receipts };
    };
    return Promise.all(agents.map(one));
  }

  async mark(agent: AgentRef, id: string, field: string, value: string): Promise<Marked | null> {
    const reply = await this.#run(MARK, agent.tenant, [agent.id, id, field, value]);
    if (reply === null) return null;
    const [first, meta] = listOf(reply);
    return { isFirst: first === 1, meta: textOf(meta) ?? "" };
  }

  async here(agents: readonly AgentRef[], process: string, untilMs: number): Promise<void> {
    const args = [process, untilMs];
    await Promise.all(agents.map(({ tenant, id }) => this.#run(HERE, tenant, [id, ...args])));
  }

  async gone({ tenant, id }: AgentRef, process: string): Promise<void> {
    await answered("zrem", this.#redis.client.zrem(`${baseOf(tenant)}presence:${id}`, process));
  }

  async keepReceipt({ tenant, id }: AgentRef, receipt: string, max: number, ttlMs: number) {
    await this.#run(KEEP_RECEIPT, tenant, [id, receipt, max, ttlMs]);
  }

  async takeReceipts({ tenant, id }: AgentRef): Promise<readonly string[]> {
    return textsOf(await this.#run(TAKE_RECEIPTS, tenant, [id]));
  }

  async schedule(at: string, { id, atMs, value }: JobSpec): Promise<void> {
    await this.#run(SCHEDULE, at, [id, atMs, value]);
  }

  async finish(at: string, id: string): Promise<void> {
    await this.#run(FINISH, at, [id]);
  }

  async due(partition: number, nowMs: number, leaseMs: number, limit: number) {
    const args = [nowMs, nowMs + leaseMs, limit];
    const rows = await this.#redis.run(DUE, [`${PREFIX}{p${partition}}:`], args);
    return listOf(rows).map((row): Job => {
      const [id = "", value = ""] = textsOf(row);
      return { id, value };
    });
  }

  async close(): Promise<void> {
    this.#redis.client.disconnect();
  }

  async #isDone(script: Script, at: string, args: readonly (string | number)[]) {
    return (await this.#run(script, at, args)) === 1;
  }

  async #run(script: Script, at: string, args: readonly (string | number)[]): Promise<unknown> {
    const began = performance.now();
    const reply = await this.#redis.run(script, [baseOf(at)], args);
    this.#observe(script.name, (performance.now() - began) / 1_000);
    return reply;
  }
}

function baseOf(at: string): string {
  return `${PREFIX}{p${partitionOf(at)}}:`;
}
