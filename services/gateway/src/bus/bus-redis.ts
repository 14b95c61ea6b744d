/**
 * The bus on Redis pub/sub: plain on a single node and behind Sentinel, sharded on a cluster.
 * Publishes share the connection of the directory's commands, so that a stream's leave can't
 * overtake its last tokens.
 */

import { DirectoryUnavailable } from "@ams/directory";
import { describeError, type Log } from "@ams/process";
import {
  openSubscriber,
  type RedisConnection,
  reconnect,
  type Subscriber,
  tagOf,
} from "@ams/store";
import type { Bus, Deliver, Keep } from "./bus.ts";
import { MARK_TIMES, Marks, type MarkTimes } from "./bus-marks.ts";

/**
 * Bytes handed to a Redis that doesn't take them, past which more is refused: it is then as good as
 * away.
 */
const IN_FLIGHT_BYTES_MAX = 67_108_864;

type Up = (channels: readonly string[]) => void;

export function openRedisBus(
  commands: RedisConnection,
  subscriber: RedisConnection,
  log: Log,
  times = MARK_TIMES,
): Bus {
  return new RedisBus(commands, subscriber, log, times);
}

class RedisBus implements Bus {
  readonly #commands: RedisConnection;
  readonly #subscriber: Subscriber;
  readonly #sharded: boolean;
  readonly #log: Log;
  readonly #marks: Marks;
  readonly #subscribed = new Map<string, Deliver>();
  readonly #up: Up[] = [];
  /**
   * One Redis loses all subscriptions together, whatever their tags: the first one represents all.
   */
  #plainTag: string | null = null;
  #inFlightBytes = 0;

  constructor(commands: RedisConnection, subscriber: RedisConnection, log: Log, times: MarkTimes) {
    this.#commands = commands;
    this.#sharded = commands.kind === "cluster";
    this.#log = log;
    this.#marks = new Marks({
      publish: (channel, payload) => this.#hand(channel, payload),
      unheard: (channel) => {
        log.warn({ event: "marks_unheard" }, "marks did not come round: subscribing again");
        this.#subscriber.distrust(channel);
      },
      untaken: (channel) => {
        log.warn({ event: "marks_untaken" }, "Redis takes no mark: connecting again");
        reconnect(commands, channel);
      },
      restored: (tag) => this.#notifyUp(this.#channelsOf(tag)),
      nowMs: () => performance.now(),
      times,
    });
    this.#subscriber = openSubscriber(subscriber, {
      payload: (channel, payload) => this.#deliver(channel, payload),
      lost: (count, cause) => {
        log.warn({ event: "bus_lost", subscriptions: count, cause }, "subscriptions have ended");
      },
      again: (channels) => this.#notifyUp(channels),
    });
    commands.client.on("ready", () => {
      // Otherwise the subscriber calls when it is whole: until then nothing that is asked for would
      // be heard.
      if (this.#subscriber.isWhole()) this.#notifyUp([...this.#subscribed.keys()]);
    });
  }

  async publish(channel: string, payload: Buffer, keep?: Keep): Promise<boolean> {
    const taken = await this.#hand(channel, payload, keep);
    if (!taken) this.#marks.failed(this.#tagOf(channel));
    return taken;
  }

  async subscribe(channel: string, deliver: Deliver): Promise<void> {
    this.#subscribed.set(channel, deliver);
    try {
      await Promise.all([this.#subscribeMark(channel), this.#subscriber.subscribe(channel)]);
    } catch (error) {
      if (this.#subscribed.get(channel) === deliver) this.#subscribed.delete(channel);
      throw new DirectoryUnavailable("the bus is away", { cause: error });
    }
  }

  unsubscribe(channel: string): void {
    this.#subscribed.delete(channel);
    this.#subscriber.unsubscribe(channel);
  }

  onUp(listener: Up): void {
    this.#up.push(listener);
  }

  notReady(): string | null {
    const carries = this.#commands.client.status === "ready" && this.#subscriber.isWhole();
    return carries && this.#marks.areHeard() ? null : "bus";
  }

  async close(): Promise<void> {
    this.#marks.close();
    this.#subscribed.clear();
    this.#subscriber.close();
  }

  /** A fault in taking one payload ends neither the gateway nor the connection that brought it. */
  #deliver(channel: string, payload: Buffer): void {
    const deliver = this.#subscribed.get(channel);
    if (deliver === undefined) {
      this.#marks.heard(channel, payload);
      return;
    }
    try {
      deliver(payload);
    } catch (error) {
      this.#log.error({ event: "payload_failed", ...describeError(error) }, "payload failed");
    }
  }

  /** True once Redis has taken it. */
  async #hand(channel: string, payload: Buffer, keep?: Keep): Promise<boolean> {
    const { client } = this.#commands;
    if (client.status !== "ready" || this.#inFlightBytes > IN_FLIGHT_BYTES_MAX) return false;
    this.#inFlightBytes += payload.length;
    try {
      if (keep !== undefined) return await keep(payload);
      await (this.#sharded ? client.spublish(channel, payload) : client.publish(channel, payload));
      return true;
    } catch {
      return false;
    } finally {
      this.#inFlightBytes -= payload.length;
    }
  }

  async #subscribeMark(channel: string): Promise<void> {
    const tag = this.#tagOf(channel);
    const mark = this.#marks.begin(tag);
    if (mark === null) return;
    try {
      await this.#subscriber.subscribe(mark);
    } catch (error) {
      this.#marks.forget(tag);
      throw error;
    }
  }

  #tagOf(channel: string): string {
    if (this.#sharded) return tagOf(channel);
    this.#plainTag ??= tagOf(channel);
    return this.#plainTag;
  }

  #channelsOf(tag: string): readonly string[] {
    return [...this.#subscribed.keys()].filter((channel) => this.#tagOf(channel) === tag);
  }

  #notifyUp(channels: readonly string[]): void {
    const up = channels.filter((channel) => !this.#marks.isMark(channel));
    if (up.length === 0) return;
    for (const tag of new Set(up.map((channel) => this.#tagOf(channel)))) this.#marks.settled(tag);
    this.#log.info({ event: "bus_up", subscriptions: up.length }, "subscribed again");
    for (const listener of this.#up) listener(up);
  }
}
