/**
 * Subscriptions on one Redis, also found through Sentinel: they live and end with one connection,
 * which comes back by itself.
 */
import type { Redis } from "ioredis";
import { batchesOf } from "./channel-tags.ts";
import type { Subscriber, SubscriberEvents } from "./subscriber.ts";

export function openPlainSubscriber(client: Redis, events: SubscriberEvents): Subscriber {
  return new PlainSubscriber(client, events);
}

class PlainSubscriber implements Subscriber {
  readonly #client: Redis;
  readonly #events: SubscriberEvents;
  readonly #channels = new Set<string>();
  /** Set from the end of a connection until all is subscribed on the next one. */
  #isAway = false;

  constructor(client: Redis, events: SubscriberEvents) {
    this.#client = client;
    this.#events = events;
    client.on("messageBuffer", (channel: Buffer, payload: Buffer) => {
      events.payload(channel.toString("latin1"), payload);
    });
    client.on("close", () => {
      if (!this.#isAway && this.#channels.size > 0) events.lost(this.#channels.size, "connection");
      this.#isAway = true;
    });
    client.on("ready", () => {
      // A connection that can't be subscribed on is of no use: the next one begins anew.
      this.#resubscribe().catch(() => this.#reconnect());
    });
  }

  async subscribe(channel: string): Promise<void> {
    this.#channels.add(channel);
    try {
      await this.#listen([channel]);
    } catch (error) {
      this.#channels.delete(channel);
      throw error;
    }
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel);
    if (this.#client.status !== "ready") return;
    // A failure means that the connection was lost, and with it the subscription.
    this.#client.unsubscribe(channel).catch(() => undefined);
  }

  distrust(): void {
    this.#reconnect();
  }

  isWhole(): boolean {
    return this.#client.status === "ready" && !this.#isAway;
  }

  close(): void {
    this.#channels.clear();
    this.#client.disconnect();
  }

  #reconnect(): void {
    if (this.#client.status === "ready") this.#client.disconnect(true);
  }

  async #resubscribe(): Promise<void> {
    for (const channels of batchesOf([...this.#channels])) {
      const wanted = channels.filter((channel) => this.#channels.has(channel));
      if (wanted.length === 0) continue;
      await this.#listen(wanted);
      this.#events.again(wanted);
    }
    this.#isAway = false;
  }

  async #listen(channels: readonly string[]): Promise<void> {
    if (this.#client.status !== "ready") throw new Error("not connected");
    await this.#client.subscribe(...channels);
  }
}
