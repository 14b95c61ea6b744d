/**
 * Which agents have sockets here, for the other processes; and what was queued or ended elsewhere
 * without a notification.
 */
import { describeError, type Log } from "@ams/process";
import { hasNoKeys, isSuspended, readRecord } from "../agents/record.ts";
import type { AgentRef, Store } from "../store/store.ts";
import type { Wire } from "../wire/wire.ts";
import type { Feeds } from "./feeds.ts";

/** Milliseconds of a lease, between two renewals, and between two looks at the queues. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
const LOOK_MS = 5_000;

type Parts = {
  readonly store: Store;
  readonly feeds: Feeds;
  readonly wire: Wire;
  readonly log: Log;
  readonly processId: string;
  readonly now: () => number;
  readonly flush: (agent: AgentRef) => Promise<void>;
};

export class Presence {
  readonly #parts: Parts;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves once the other processes know of this one. */
  async start(): Promise<void> {
    await this.#renew();
    const every = (ms: number, act: () => Promise<void>) => {
      const run = () => {
        act().catch((error: unknown) =>
          this.#parts.log.debug({ event: "look_failed", ...describeError(error) }, "store away"),
        );
      };
      this.#timers.push(setInterval(run, ms));
    };
    every(RENEW_MS, () => this.#renew());
    every(LOOK_MS, () => this.#look());
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async enter(agent: AgentRef): Promise<void> {
    const { store, wire, processId, now } = this.#parts;
    await store.here([agent], processId, now() + LEASE_MS);
    wire.hold(agent);
  }

  /** A socket of the agent has gone. */
  leave(agent: AgentRef): void {
    const { store, feeds, wire, processId } = this.#parts;
    if (feeds.has(agent)) return;
    wire.release(agent);
    // Where the store is away, the lease ends by itself.
    store.gone(agent, processId).catch(() => {});
  }

  async #renew(): Promise<void> {
    const { store, feeds, processId, now } = this.#parts;
    await store.write(processId, `process:${processId}`, "alive", LEASE_MS);
    const agents = feeds.agents();
    if (agents.length > 0) await store.here(agents, processId, now() + LEASE_MS);
  }

  /** Covers whatever the wire didn't bring. */
  async #look(): Promise<void> {
    const { store, feeds, flush } = this.#parts;
    const agents = feeds.agents();
    if (agents.length === 0) return;
    const heads = await store.heads(agents);
    for (const [index, agent] of agents.entries()) {
      const { n = 0, receipts = 0 } = heads[index] ?? {};
      if (n > feeds.sentTo(agent)) void feeds.look(agent, n);
      if (receipts > 0) await flush(agent);
    }
    if (store.kind === "redis") await this.#checkEnded(agents);
  }

  async #checkEnded(agents: readonly AgentRef[]): Promise<void> {
    const { store, feeds, now } = this.#parts;
    const read = ({ tenant, id }: AgentRef) => store.enter(tenant, `agent:${id}`, [], now());
    const records = await Promise.all(agents.map(read));
    for (const [index, agent] of agents.entries()) {
      const text = records[index]?.value ?? null;
      if (text === null) feeds.close(agent, 4003, "deregistered");
      else if (isSuspended(readRecord(text), now())) feeds.close(agent, 4003, "agent_suspended");
      else if (hasNoKeys(readRecord(text), now())) feeds.close(agent, 4003, "unauthorized");
    }
  }
}
