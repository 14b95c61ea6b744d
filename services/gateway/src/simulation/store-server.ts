/**
 * The store as one simulated server: commands in the order in which they arrive, each one atomic
 * step with all that it announces, and pub/sub as Redis has it: what is published reaches whoever
 * is subscribed then, and nobody else.
 */
import { type MemoryDirectory, openMemoryDirectory } from "@ams/directory/testing";
import type { Lane } from "./lane.ts";
import { Process, type Scheduler } from "./scheduler.ts";

/** Where a subscriber's connection takes what is published. */
export type Subscriber = {
  readonly gateway: number;
  readonly lane: Lane;
  readonly deliver: (channel: string, payload: Buffer) => void;
};

/**
 * What may be done to a payload on its way to one subscriber, for planted faults: what arrives, in
 * order.
 */
export type Tamper = (
  to: { readonly gateway: number; readonly channel: string },
  payload: Buffer,
) => readonly { readonly channel: string; readonly payload: Buffer }[];

export class StoreServer {
  readonly process: Process;
  readonly directory: MemoryDirectory;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #scheduler: Scheduler;
  /** Simulated ms until which nobody can connect. */
  downUntilMs = 0;
  /** Hears all that is published, in the step that publishes it. */
  readonly onPublished: (channel: string, payload: Buffer) => void;
  tamper: Tamper | null = null;

  constructor(scheduler: Scheduler, onPublished: (channel: string, payload: Buffer) => void) {
    this.#scheduler = scheduler;
    this.process = new Process("store", scheduler);
    this.onPublished = onPublished;
    this.directory = openMemoryDirectory({
      announce: (channel, event) => this.publish(channel, Buffer.from(event)),
      // Looked up at each call: the first history of a process is built before clocks are replaced.
      now: () => Date.now(),
    });
  }

  get isDown(): boolean {
    return this.#scheduler.nowMs < this.downUntilMs;
  }

  publish(channel: string, payload: Buffer): number {
    this.onPublished(channel, payload);
    const subscribers = this.#subscribers.get(channel);
    if (subscribers === undefined) return 0;
    for (const subscriber of subscribers) {
      const to = { gateway: subscriber.gateway, channel };
      const arriving = this.tamper?.(to, payload) ?? [{ channel, payload }];
      for (const one of arriving)
        subscriber.lane.send(() => subscriber.deliver(one.channel, one.payload));
    }
    return subscribers.size;
  }

  subscribe(channel: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(subscriber));
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    this.#subscribers.get(channel)?.delete(subscriber);
  }

  /** The connection is gone, and with it all its subscriptions. */
  drop(subscriber: Subscriber): void {
    for (const subscribers of this.#subscribers.values()) subscribers.delete(subscriber);
  }
}
