/**
 * The bus on Redis pub/sub: plain on a single node and behind Sentinel, sharded on a cluster. Publishes share the
 * connection of the directory's commands, so that a stream's leave can't overtake its last tokens.
 */
import { DirectoryUnavailable, type RedisConnection } from "@ams/directory";
import { describeError, type Log } from "@ams/runtime";
import type { Bus, Deliver } from "./bus.ts";

/** Channels that one command subscribes after the connection was away: large enough for speed, small enough to serve others between. */
const RESUBSCRIBE_AT_ONCE = 500;

/** Bytes handed to a Redis that doesn't take them, past which more is refused: it is then as good as away. */
const IN_FLIGHT_BYTES_MAX = 67_108_864;

type Up = (channels: readonly string[]) => void;

export function openRedisBus(
  commands: RedisConnection,
  subscriber: RedisConnection,
  log: Log,
): Bus {
  return new RedisBus(commands, subscriber, log);
}

class RedisBus implements Bus {
  readonly #commands: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #sharded: boolean;
  readonly #log: Log;
  readonly #subscribed = new Map<string, Deliver>();
  readonly #up: Up[] = [];
  #inFlightBytes = 0;
  /** Set while the subscriptions of a lost connection are being made again. */
  #resubscribing = false;

  constructor(commands: RedisConnection, subscriber: RedisConnection, log: Log) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#sharded = commands.kind === "cluster";
    this.#log = log;
    subscriber.client.on(
      this.#sharded ? "smessageBuffer" : "messageBuffer",
      (channel: Buffer, payload: Buffer) => {
        this.#subscribed.get(channel.toString("latin1"))?.(payload);
      },
    );
    subscriber.client.on("close", () => {
      this.#resubscribing = true;
    });
    subscriber.client.on("ready", () => this.#resubscribe());
    commands.client.on("ready", () => {
      // Otherwise the subscriber's own return tells: until then nothing that is asked for would be heard.
      if (this.#isSubscribed()) this.#tellUp([...this.#subscribed.keys()]);
    });
  }

  async publish(channel: string, payload: Buffer): Promise<boolean> {
    const { client } = this.#commands;
    if (client.status !== "ready" || this.#inFlightBytes > IN_FLIGHT_BYTES_MAX) return false;
    this.#inFlightBytes += payload.length;
    try {
      await (this.#sharded ? client.spublish(channel, payload) : client.publish(channel, payload));
      return true;
    } catch {
      return false;
    } finally {
      this.#inFlightBytes -= payload.length;
    }
  }

  async subscribe(channel: string, deliver: Deliver): Promise<void> {
    this.#subscribed.set(channel, deliver);
    try {
      await this.#listen([channel]);
    } catch (error) {
      if (this.#subscribed.get(channel) === deliver) this.#subscribed.delete(channel);
      throw new DirectoryUnavailable("the bus is away", { cause: error });
    }
  }

  unsubscribe(channel: string): void {
    this.#subscribed.delete(channel);
    const { client } = this.#subscriber;
    if (client.status !== "ready") return;
    // A failure means that the connection was lost, and with it the subscription.
    const ended = this.#sharded ? client.sunsubscribe(channel) : client.unsubscribe(channel);
    ended.catch(() => undefined);
  }

  onUp(listener: Up): void {
    this.#up.push(listener);
  }

  notReady(): string | null {
    return this.#commands.client.status === "ready" && this.#isSubscribed() ? null : "bus";
  }

  async close(): Promise<void> {
    this.#subscribed.clear();
    this.#subscriber.client.disconnect();
  }

  #isSubscribed(): boolean {
    return this.#subscriber.client.status === "ready" && !this.#resubscribing;
  }

  #resubscribe(): void {
    const again = async () => {
      for (const channels of batchesOf([...this.#subscribed.keys()])) {
        const wanted = channels.filter((channel) => this.#subscribed.has(channel));
        if (wanted.length === 0) continue;
        await this.#listen(wanted);
        this.#tellUp(wanted);
      }
      this.#resubscribing = false;
    };
    // When it fails the connection was lost again, and its return begins anew.
    again().catch((error: unknown) => {
      this.#log.warn(
        { event: "resubscribe_failed", ...describeError(error) },
        "resubscribe failed",
      );
    });
  }

  async #listen(channels: readonly string[]): Promise<void> {
    const { client } = this.#subscriber;
    if (client.status !== "ready") throw new Error("not connected");
    await (this.#sharded ? client.ssubscribe(...channels) : client.subscribe(...channels));
  }

  #tellUp(channels: readonly string[]): void {
    for (const listener of this.#up) listener(channels);
  }
}

/** Batches of channels, each of one hash tag, since a sharded subscribe must stay in one slot. */
function batchesOf(channels: readonly string[]): readonly (readonly string[])[] {
  const byTag = new Map<string, string[]>();
  for (const channel of channels) {
    const tag = channel.slice(0, channel.indexOf("}"));
    const group = byTag.get(tag) ?? [];
    group.push(channel);
    byTag.set(tag, group);
  }
  return [...byTag.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / RESUBSCRIBE_AT_ONCE) }, (_, index) =>
      group.slice(index * RESUBSCRIBE_AT_ONCE, (index + 1) * RESUBSCRIBE_AT_ONCE),
    ),
  );
}
