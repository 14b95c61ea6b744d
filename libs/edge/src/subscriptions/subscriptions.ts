/**
 * All subscriptions of the process. Those of different owners never meet, since the owner is part
 * of a subscription's key.
 */
import { LRUCache } from "lru-cache";
import {
  GUEST_IDLE_MS,
  GUEST_UNUSED_MS,
  SUBSCRIPTION_IDLE_MS,
  SUBSCRIPTION_KEPT_MS,
} from "../limits.ts";
import type { LogPosition } from "./log-position.ts";
import { Subscription, type SubscriptionDeps, type SubscriptionName } from "./subscription.ts";

/** What is kept of a guest's subscription whose session was ended. */
type Retired = {
  /** When, by the clock. */
  readonly at: number;
  /** Where its reading was; null where the conversation keeps nothing. */
  readonly log: LogPosition | null;
};

/** Milliseconds for which a stream that leaves may be seen: a checked link is kept for 1 s. */
const LEAVING_MS = 2_000;
/** Subscriptions that were retired and are remembered. */
const RETIRED_MAX = 10_000;

export class Subscriptions {
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #retired = new LRUCache<string, Retired>({ max: RETIRED_MAX });
  readonly #deps: SubscriptionDeps;
  #closed = false;

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /**
   * False for a subscription that was forgotten or renewed, which a session may still have in its
   * hands.
   */
  has(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.key) === subscription;
  }

  get(owner: string, conversationId: string, streamName: string): Subscription | null {
    return this.#subscriptions.get(keyOf(owner, conversationId, streamName)) ?? null;
  }

  /** All subscriptions of an owner in a conversation. */
  of(owner: string, conversationId: string): readonly Subscription[] {
    const prefix = keyOf(owner, conversationId, "");
    return [...this.#subscriptions.values()].filter((subscription) =>
      subscription.key.startsWith(prefix),
    );
  }

  /**
   * The subscription of that name, made if need be; null when there are as many as there may be.
   */
  take(
    owner: string,
    conversationId: string,
    streamName: string,
    how: Pick<SubscriptionName, "isPresumed" | "nonce" | "handle">,
  ): Subscription | null {
    const key = keyOf(owner, conversationId, streamName);
    const subscription = this.#subscriptions.get(key);
    if (subscription !== undefined) return subscription;
    if (this.size >= this.#deps.limits.subscriptions && !this.#forgetOldest()) return null;
    const log = this.#retired.get(how.nonce ?? "")?.log ?? null;
    const name = { key, owner, conversationId, streamName, log, ...how };
    return this.#put(new Subscription(name, this.#deps));
  }

  /**
   * A new subscription in place of one that was left: with an empty buffer, and cursors of its own.
   */
  renew(subscription: Subscription): Subscription {
    const { key, owner, conversationId, streamName } = subscription;
    return this.#put(new Subscription({ key, owner, conversationId, streamName }, this.#deps));
  }

  /**
   * The session that had it was ended by its caller. A guest's leaves nothing but its handle and
   * its place in the log, by which it may come back and go on, or hear that something is lost; an
   * account's keeps its buffer.
   */
  retire(subscription: Subscription): void {
    subscription.wire.rest();
    if (!subscription.isGuests || subscription.wire.left) return;
    const at = this.#deps.clock.now();
    this.#retired.set(subscription.nonce, { at, log: subscription.unreadFrom() });
    this.forget(subscription);
  }

  /**
   * Whether a handle is of a subscription that left here so long ago that a stream of its name is
   * another's, and not what is still seen of its own.
   */
  hasRetired(nonce: string): boolean {
    const retired = this.#retired.get(nonce);
    return retired !== undefined && this.#deps.clock.now() - retired.at > LEAVING_MS;
  }

  forget(subscription: Subscription): void {
    if (this.has(subscription)) this.#subscriptions.delete(subscription.key);
  }

  /**
   * Takes a subscription back that was forgotten while a call came for it; false when there is
   * another in its place.
   */
  restore(subscription: Subscription): boolean {
    const other = this.#subscriptions.get(subscription.key);
    if (other === undefined) this.#put(subscription);
    return other === undefined || other === subscription;
  }

  /** Subscriptions that nobody uses leave the wire, and are forgotten later. */
  sweep(): void {
    const now = this.#deps.clock.now();
    for (const subscription of [...this.#subscriptions.values()]) {
      if (subscription.holder?.busy) {
        subscription.usedAt = now;
        subscription.uses += 1;
      }
      // A request of its session is a sign of life too.
      const idleMs = Math.min(
        now - subscription.usedAt,
        subscription.holder?.quietMs ?? Number.POSITIVE_INFINITY,
      );
      const patienceMs = patienceFor(subscription);
      if (idleMs > patienceMs && subscription.wire.connection !== null) {
        subscription.wire.rest();
        subscription.swept = true;
      }
      if (idleMs > patienceMs + SUBSCRIPTION_KEPT_MS) this.forget(subscription);
    }
  }

  /** Every subscription leaves the wire, and none comes back to it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#subscriptions.values()].map((subscription) => subscription.wire.close()),
    );
    this.#subscriptions.clear();
  }

  #put(subscription: Subscription): Subscription {
    if (this.#closed) void subscription.wire.close();
    this.#subscriptions.set(subscription.key, subscription);
    return subscription;
  }

  /** Forgets the subscription off the wire that was used longest ago. */
  #forgetOldest(): boolean {
    const resting = [...this.#subscriptions.values()].filter(
      (subscription) => subscription.wire.ending !== null,
    );
    const oldest = resting.sort((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest === undefined) return false;
    this.forget(oldest);
    return true;
  }
}

/** Milliseconds without a sign of life after which a subscription leaves the wire. */
function patienceFor({ isGuests, uses }: Subscription): number {
  if (!isGuests) return SUBSCRIPTION_IDLE_MS;
  return uses > 1 ? GUEST_IDLE_MS : GUEST_UNUSED_MS;
}

function keyOf(owner: string, conversationId: string, streamName: string): string {
  return `${owner}|${conversationId}|${streamName}`;
}
