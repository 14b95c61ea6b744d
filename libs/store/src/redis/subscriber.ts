/**
 * Subscriptions that heal by themselves: whatever ends one of them (a connection, a node, a slot
 * that moves), it is made again, and whoever listens hears that payloads may have been lost in
 * between.
 */
import type { RedisConnection } from "./connect.ts";
import { openPlainSubscriber } from "./subscriber-plain.ts";
import { openShardedSubscriber } from "./subscriber-sharded.ts";

export type SubscriberEvents = {
  readonly payload: (channel: string, payload: Buffer) => void;
  /** So many subscriptions have ended by themselves. */
  readonly lost: (count: number, cause: SubscriptionLoss) => void;
  /** These are subscribed again. */
  readonly again: (channels: readonly string[]) => void;
};

/**
 * `connection`: it ended, or was ended because it didn't answer. `slot`: the node has the channel's
 * slot no more.
 */
export type SubscriptionLoss = "connection" | "slot";

export interface Subscriber {
  /** Resolves once Redis has confirmed it; rejects when Redis can't be reached. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): void;
  /** What was published on this channel did not come: its connection is ended, and made again. */
  distrust(channel: string): void;
  /** False while something that was subscribed is not. */
  isWhole(): boolean;
  close(): void;
}

/** Takes the connection over, and ends it at `close`. */
export function openSubscriber(connection: RedisConnection, events: SubscriberEvents): Subscriber {
  return connection.kind === "cluster"
    ? openShardedSubscriber(connection.client, events)
    : openPlainSubscriber(connection.client, events);
}
