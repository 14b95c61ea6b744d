/**
 * Leases in memory, in the steps of the Redis driver: a sweep is many commands, and may end between
 * any two. Tests only.
 */
import type { Held } from "../directory.ts";
import { embeddedLeases } from "../embedded/leases.ts";
import { leaveStream } from "../embedded/presence.ts";
import { release } from "../embedded/quota-slots.ts";
import type { Store } from "../embedded/store.ts";
import type { GatewayId } from "../records.ts";

/**
 * Milliseconds after which a gateway that one sweeper has begun is taken up by another
 * (redis/leases.ts).
 */
const SWEEP_AGAIN_MS = 5_000;

/** Unix milliseconds by gateway: when a lease ends, and when a sweep of it began. */
export type Leases = {
  readonly ends: Map<GatewayId, number>;
  readonly sweeping: Map<GatewayId, number>;
};

/** The commands of which a lease's life consists; each is one atomic step. */
export class LeaseSteps {
  readonly #store: Store;
  readonly #leases: Leases;

  constructor(store: Store, leases: Leases) {
    this.#store = store;
    this.#leases = leases;
  }

  heartbeat(gateway: GatewayId, ttlMs: number): "renewed" | "lapsed" {
    const known = this.#leases.ends.has(gateway);
    this.#leases.ends.set(gateway, this.#store.now() + ttlMs);
    return known ? "renewed" : "lapsed";
  }

  endLease(gateway: GatewayId): void {
    if (this.#leases.ends.delete(gateway)) this.#leases.sweeping.set(gateway, 0);
  }

  takeLapsed(): readonly GatewayId[] {
    const now = this.#store.now();
    const { ends, sweeping } = this.#leases;
    const taken = [...ends].filter(([, end]) => end <= now).map(([gateway]) => gateway);
    for (const gateway of taken) ends.delete(gateway);
    for (const [gateway, since] of sweeping) {
      if (since <= now - SWEEP_AGAIN_MS) taken.push(gateway);
    }
    for (const gateway of taken) sweeping.set(gateway, now);
    return taken;
  }

  async held(gateway: GatewayId): Promise<readonly Held[]> {
    return (await embeddedLeases(this.#store).heldBy(gateway, null)).held;
  }

  /** True when it was a stream, and this call announced that it left. */
  letGo(gateway: GatewayId, held: Held, ts: string): boolean {
    if (held.kind === "stream")
      return leaveStream(this.#store, held.where, held, { n: null, ts }, gateway);
    release(this.#store, held.slot);
    return false;
  }

  swept(gateway: GatewayId): void {
    this.#leases.sweeping.delete(gateway);
  }
}

/** How a command reaches the steps: at once, or by a connection. */
export type Send = <Result>(
  name: string,
  command: (steps: LeaseSteps) => Result | Promise<Result>,
) => Promise<Result>;

/** A sweep as the Redis driver does it. `now`: Unix ms, the sweeping gateway's. */
export async function sweepBy(send: Send, now: () => number): Promise<number> {
  let streams = 0;
  for (const gateway of await send("take lapsed", (steps) => steps.takeLapsed())) {
    const held = await send("held", (steps) => steps.held(gateway));
    const ts = new Date(now()).toISOString();
    const swept = held.map((one) => send("let go", (steps) => steps.letGo(gateway, one, ts)));
    for (const left of await Promise.all(swept)) streams += left ? 1 : 0;
    await send("swept", (steps) => steps.swept(gateway));
  }
  return streams;
}
