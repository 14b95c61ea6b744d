/**
 * What a session is between its requests: its subscriptions, its listeners, and whether it is live.
 */
import type { PeerIdentity } from "@ams/client";
import type { Clock, Counters, Listener } from "../contract.ts";
import { SESSION_LIVE_MS } from "../limits.ts";
import { Hold } from "../subscriptions/hold.ts";
import { type Only, Push } from "../subscriptions/push.ts";
import type { Holder, Subscription } from "../subscriptions/subscription.ts";

export type SessionName = {
  readonly id: string;
  /** Whose it is: see `principalOf`. */
  readonly principal: string;
  readonly address: string;
  readonly clientName: string | undefined;
  readonly peerIdentity: PeerIdentity | undefined;
  readonly passing: boolean;
  /** What its automatic names come from; its id unless given. */
  readonly seed?: string | undefined;
  /** Whether it was opened elsewhere before: its automatic names are its own. */
  readonly revived?: boolean | undefined;
};

export class SessionState implements Holder {
  readonly name: SessionName;
  readonly #clock: Clock;
  readonly #counters: Counters;
  /** By the subscription's key; the one used last is the last. */
  readonly #holds = new Map<string, Hold>();
  readonly #pushes = new Map<string, Push>(); // By path.
  readonly #paths = new Set<string>(); // All that have a position, the oldest first.
  #everSubscribed = false;
  #calls = 0;
  #quietSince: number;
  #ended = false;

  constructor(name: SessionName, clock: Clock, counters: Counters) {
    this.name = name;
    this.#clock = clock;
    this.#counters = counters;
    this.#quietSince = clock.now();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a call or a listener is open. */
  get busy(): boolean {
    return this.#calls > 0 || this.#pushes.size > 0;
  }

  /** Whether it ever took a subscription, which it may have left or lost. */
  get everSubscribed(): boolean {
    return this.#everSubscribed;
  }

  /** Whether it has a subscription now. */
  get hasSubscription(): boolean {
    return this.holds.some((hold) => !hold.lost && !hold.subscription.wire.left);
  }

  /** How many calls are under way. */
  get calls(): number {
    return this.#calls;
  }

  /** Milliseconds since it was busy. */
  get quietMs(): number {
    return this.busy ? 0 : this.#clock.now() - this.#quietSince;
  }

  get live(): boolean {
    return !this.#ended && this.quietMs <= SESSION_LIVE_MS;
  }

  get holds(): readonly Hold[] {
    return [...this.#holds.values()];
  }

  get listeners(): number {
    return this.#pushes.size;
  }

  holdOf(subscription: Subscription): Hold | null {
    const hold = this.#holds.get(subscription.key);
    return hold?.subscription === subscription ? hold : null;
  }

  /** A request of its caller came: a sign of life. */
  touch(): void {
    this.#quietSince = this.#clock.now();
    for (const { subscription } of this.holds)
      if (subscription.holder === this) subscription.uses += 1;
  }

  /** A call has begun; the returned function says that it is over. */
  begin(): () => void {
    this.#calls += 1;
    return () => {
      this.#calls -= 1;
      this.#quietSince = this.#clock.now();
    };
  }

  /** The session has the subscription and used it last. */
  keep(subscription: Subscription): void {
    const kept = this.holdOf(subscription);
    const hold = kept ?? new Hold(subscription);
    const isNew = kept === null || kept.lost;
    this.#everSubscribed = true;
    hold.regain();
    this.#holds.delete(subscription.key);
    this.#holds.set(subscription.key, hold);
    if (isNew) this.news(subscription);
  }

  /** The subscription came to nothing. */
  drop(subscription: Subscription): void {
    if (this.holdOf(subscription) !== null) this.#holds.delete(subscription.key);
  }

  news(subscription: Subscription): void {
    const hold = this.holdOf(subscription);
    if (hold === null) return;
    for (const push of [...this.#pushes.values()]) push.pump(hold);
  }

  doubted(subscription: Subscription): void {
    this.holdOf(subscription)?.doubt();
  }

  lost(subscription: Subscription): void {
    this.holdOf(subscription)?.lose();
    this.news(subscription);
  }

  /**
   * A listener for a path, in place of the one that it has; null when there are as many paths as
   * there may be.
   */
  listen(path: string, listener: Listener, only: Only, pathsMax: number): Push | null {
    if (!this.#pushes.has(path) && this.#pushes.size >= pathsMax) return null;
    this.#remember(path, pathsMax);
    const before = this.#pushes.get(path);
    const push = new Push({
      ...{ path, listener, only },
      counters: this.#counters,
      broken: (broken) => this.unlisten(broken),
    });
    this.#pushes.set(path, push);
    before?.end("replaced");
    return push;
  }

  unlisten(push: Push): void {
    push.stop();
    if (this.#pushes.get(push.path) !== push) return;
    this.#pushes.delete(push.path);
    this.#quietSince = this.#clock.now();
  }

  /** Resolves when its listeners have taken all that there is. */
  async caughtUp(): Promise<void> {
    await Promise.all([...this.#pushes.values()].map((push) => push.caughtUp()));
  }

  end(why: Parameters<Listener["ended"]>[0]): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { subscription } of this.holds) subscription.release(this);
    for (const push of [...this.#pushes.values()]) push.end(why);
    this.#pushes.clear();
  }

  /**
   * A path's positions stay when its listener goes, as long as there are not too many: the one that
   * came first goes first.
   */
  #remember(path: string, pathsMax: number): void {
    this.#paths.delete(path);
    this.#paths.add(path);
    for (const old of this.#paths) {
      if (this.#paths.size <= pathsMax) return;
      if (this.#pushes.has(old) || old === path) continue;
      this.#paths.delete(old);
      for (const hold of this.holds) hold.forget(old);
    }
  }
}
