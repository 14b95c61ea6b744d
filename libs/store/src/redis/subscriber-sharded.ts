/**
 * Subscriptions on a Redis Cluster: one connection to each node that has a slot with channels. What
 * a node ends (it lost the slot) and what ends with a connection (node killed, removed, silent) is
 * subscribed again at whoever has the slot.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "ioredis";
import { batchesOf, byTag } from "./channel-tags.ts";
import { nodeOf } from "./connect.ts";
import { Shard, type ShardOptions, type Subscribed } from "./shard.ts";
import type { Subscriber, SubscriberEvents, SubscriptionLoss } from "./subscriber.ts";

/**
 * Nodes that one subscribe asks, each named by the one before: a slot that moves while it is asked
 * for takes two or three.
 */
const REDIRECTIONS_MAX = 5;

/** Milliseconds between two attempts to subscribe again: doubled from the first to the last. */
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 800;

export function openShardedSubscriber(client: Cluster, events: SubscriberEvents): Subscriber {
  return new ShardedSubscriber(client, events);
}

class ShardedSubscriber implements Subscriber {
  /** Says who has which slot, and how to log in; carries no subscription itself. */
  readonly #client: Cluster;
  readonly #events: SubscriberEvents;
  /** Where each channel is subscribed; null while it is nowhere. */
  readonly #channels = new Map<string, Shard | null>();
  readonly #shards = new Map<string, Shard>();
  readonly #lost = new Set<string>();
  #isRecovering = false;
  #closed = false;

  constructor(client: Cluster, events: SubscriberEvents) {
    this.#client = client;
    this.#events = events;
    client.on("refresh", () => this.#followSlots());
  }

  async subscribe(channel: string): Promise<void> {
    if (!this.#channels.has(channel)) this.#channels.set(channel, null);
    const fault = await this.#listen([channel]);
    if (fault === null) return;
    if (this.#channels.get(channel) === null) this.#forget(channel);
    throw new Error(fault);
  }

  unsubscribe(channel: string): void {
    this.#channels.get(channel)?.unsubscribe(channel);
    this.#forget(channel);
  }

  distrust(channel: string): void {
    this.#refresh();
    this.#channels.get(channel)?.end();
  }

  isWhole(): boolean {
    return this.#lost.size === 0;
  }

  close(): void {
    this.#closed = true;
    this.#channels.clear();
    this.#lost.clear();
    for (const shard of [...this.#shards.values()]) shard.end();
    this.#client.disconnect();
  }

  #forget(channel: string): void {
    this.#channels.delete(channel);
    this.#lost.delete(channel);
  }

  /**
   * Subscribes channels of one tag at whoever has their slot; null when that is done, else why not.
   */
  async #listen(channels: readonly string[]): Promise<string | null> {
    let node = nodeOf(this.#client, channels[0] ?? "");
    for (let asked = 0; asked < REDIRECTIONS_MAX; asked += 1) {
      if (node === null) return "no node has the slot";
      const outcome = await this.#subscribeAt(node, channels);
      if (outcome.kind === "subscribed") return null;
      if (outcome.kind === "failed") return outcome.reason;
      this.#refresh();
      node = outcome.to;
    }
    return "too many redirections";
  }

  async #subscribeAt(node: string, channels: readonly string[]): Promise<Subscribed> {
    if (this.#closed) return { kind: "failed", reason: "closed" };
    let shard = this.#shards.get(node);
    if (shard === undefined) {
      shard = new Shard(this.#optionsOf(node), {
        payload: (from, channel, payload) => {
          // A node that lost the slot without knowing may still deliver what nobody else hears.
          if (this.#channels.get(channel) === from) this.#events.payload(channel, payload);
        },
        subscribed: (at, channel) => this.#subscribed(at, channel),
        unsubscribed: (at, channel) => {
          if (this.#channels.get(channel) === at) this.#lose([channel], "slot");
        },
        ended: (ended) => this.#ended(ended),
      });
      this.#shards.set(node, shard);
    }
    return shard.subscribe(channels);
  }

  #subscribed(at: Shard, channel: string): void {
    const before = this.#channels.get(channel);
    if (before === undefined) {
      at.unsubscribe(channel); // Nobody wants it any more.
      return;
    }
    if (before !== null && before !== at) before.unsubscribe(channel);
    this.#channels.set(channel, at);
  }

  #ended(shard: Shard): void {
    if (this.#shards.get(shard.node) === shard) this.#shards.delete(shard.node);
    const lost = [...this.#channels].filter(([, at]) => at === shard).map(([channel]) => channel);
    this.#lose(lost, "connection");
  }

  /** Another node has a slot than the one at which its channels are subscribed. */
  #followSlots(): void {
    const used = new Set<Shard>();
    for (const [tag, channels] of byTag(this.#channels.keys())) {
      const node = nodeOf(this.#client, `${tag}:`);
      const elsewhere: string[] = [];
      for (const channel of channels) {
        const shard = this.#channels.get(channel) ?? null;
        if (shard === null) continue;
        if (node !== null && shard.node !== node) elsewhere.push(channel);
        else used.add(shard);
      }
      this.#lose(elsewhere, "slot");
    }
    if (this.#lost.size > 0) return;
    for (const shard of [...this.#shards.values()])
      if (shard.isIdle && !used.has(shard)) shard.end();
  }

  #lose(channels: readonly string[], cause: SubscriptionLoss): void {
    if (this.#closed || channels.length === 0) return;
    for (const channel of channels) {
      this.#channels.set(channel, null);
      this.#lost.add(channel);
    }
    this.#recoverSoon(cause);
  }

  #recoverSoon(cause: SubscriptionLoss): void {
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    // After all that has arrived already: a node names each channel that it ends.
    setImmediate(() => {
      this.#events.lost(this.#lost.size, cause);
      const done = () => {
        this.#isRecovering = false;
        if (this.#lost.size > 0) this.#recoverSoon(cause);
      };
      this.#recover().then(done, done);
    });
  }

  /** What can't be subscribed now is tried again until it can, or nobody wants it. */
  async #recover(): Promise<void> {
    let delayMs = RETRY_FIRST_MS;
    while (this.#lost.size > 0) {
      const before = this.#lost.size;
      const byNode = new Map<string | null, string[][]>();
      for (const channels of byTag(this.#lost).values()) {
        const node = nodeOf(this.#client, channels[0] ?? "");
        byNode.set(node, [...(byNode.get(node) ?? []), [...channels]]);
      }
      // A node that doesn't answer holds up its own channels only.
      await Promise.all([...byNode.values()].map((tags) => this.#recoverTags(tags)));
      if (this.#lost.size === 0) return;
      delayMs = this.#lost.size < before ? RETRY_FIRST_MS : Math.min(2 * delayMs, RETRY_LAST_MS);
      await sleep(delayMs);
      await new Promise<void>((resolve) => this.#refresh(resolve));
    }
  }

  async #recoverTags(tags: readonly (readonly string[])[]): Promise<void> {
    for (const channels of tags.flatMap(batchesOf)) {
      const wanted = channels.filter((channel) => this.#lost.has(channel));
      if (wanted.length === 0) continue;
      if ((await this.#listen(wanted)) !== null) return;
      const again = wanted.filter((channel) => (this.#channels.get(channel) ?? null) !== null);
      for (const channel of again) this.#lost.delete(channel);
      this.#events.again(again);
    }
  }

  #refresh(done: () => void = () => undefined): void {
    this.#client.refreshSlotsCache(() => done());
  }

  #optionsOf(node: string): ShardOptions {
    const { username, password, tls } = this.#client.options.redisOptions ?? {};
    const colon = node.lastIndexOf(":");
    return {
      host: node.slice(0, colon),
      port: Number(node.slice(colon + 1)),
      username: username ?? null,
      password: password ?? null,
      tls: tls ?? null,
    };
  }
}
