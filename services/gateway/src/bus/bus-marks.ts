/**
 * Marks: small payloads that a gateway publishes to itself, on one channel beside each group of its
 * channels that Redis can lose together (all of them on one Redis, those of a slot on a Cluster). A
 * mark that Redis took and that doesn't come round shows a subscription that hears nothing,
 * whatever its connection says of itself.
 */
import { randomBytes } from "node:crypto";

export type MarkTimes = {
  /**
   * Milliseconds between two marks of a group; a Cluster has at most as many groups as there are
   * partitions.
   */
  readonly everyMs: number;
  /** Milliseconds until a mark counts as missed: longer than Redis is busy in ordinary service. */
  readonly missedMs: number;
};

export const MARK_TIMES: MarkTimes = { everyMs: 1_000, missedMs: 5_000 };

/**
 * Rounds without one past which this process was held up itself: what came meanwhile is read first.
 */
const HELD_UP_ROUNDS = 3;

export type MarksDeps = {
  readonly publish: (channel: string, payload: Buffer) => Promise<boolean>;
  /** Marks that Redis took did not come round on this channel: nobody here hears it. */
  readonly unheard: (channel: string) => void;
  /** Redis has taken no mark for as long: what was sent to it is not answered. */
  readonly untaken: (channel: string) => void;
  /** A mark came round again after publishes had failed: what they held is lost to the others. */
  readonly restored: (tag: string) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly times: MarkTimes;
};

type Group = {
  readonly tag: string;
  readonly channel: string;
  /** When a mark last came round, or the group began. */
  heardMs: number;
  /** When Redis last took a mark. */
  takenMs: number;
  heard: number;
  /** The oldest mark that Redis took and that has not come round. */
  awaited: { readonly serial: number; sinceMs: number } | null;
  /** The last mark before a publish of this group failed. */
  failedAt: number | null;
};

export class Marks {
  readonly #deps: MarksDeps;
  readonly #id = randomBytes(8).toString("hex");
  readonly #groups = new Map<string, Group>();
  readonly #byChannel = new Map<string, Group>();
  readonly #timer: NodeJS.Timeout;
  #serial = 0;
  #roundMs: number;

  constructor(deps: MarksDeps) {
    this.#deps = deps;
    this.#roundMs = deps.nowMs();
    this.#timer = setInterval(() => this.round(), deps.times.everyMs).unref();
  }

  /** The channel of the group's marks, which must be subscribed; null when the group is known. */
  begin(tag: string): string | null {
    if (this.#groups.has(tag)) return null;
    const nowMs = this.#deps.nowMs();
    const channel = `${tag}:mark:${this.#id}`;
    const group = {
      tag,
      channel,
      heardMs: nowMs,
      takenMs: nowMs,
      heard: 0,
      awaited: null,
      failedAt: null,
    };
    this.#groups.set(tag, group);
    this.#byChannel.set(channel, group);
    return channel;
  }

  /** The group's channel could not be subscribed. */
  forget(tag: string): void {
    const group = this.#groups.get(tag);
    this.#groups.delete(tag);
    if (group !== undefined) this.#byChannel.delete(group.channel);
  }

  isMark(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** True when the payload was a mark. */
  heard(channel: string, payload: Buffer): boolean {
    const group = this.#byChannel.get(channel);
    if (group === undefined) return false;
    const serial = Number(payload.toString("latin1", 0, 16));
    if (!(serial > group.heard && serial <= this.#serial)) return true;
    group.heard = serial;
    group.heardMs = this.#deps.nowMs();
    if (group.awaited !== null && serial >= group.awaited.serial) group.awaited = null;
    if (group.failedAt !== null && serial > group.failedAt) {
      group.failedAt = null;
      this.#deps.restored(group.tag);
    }
    return true;
  }

  /** A publish on a channel of this group was not taken. */
  failed(tag: string): void {
    const group = this.#groups.get(tag);
    if (group !== undefined) group.failedAt = this.#serial;
  }

  /** The listeners know that publishes of this group have failed. */
  settled(tag: string): void {
    const group = this.#groups.get(tag);
    if (group !== undefined) group.failedAt = null;
  }

  /** True while no group has missed a mark. */
  areHeard(): boolean {
    const sinceMs = this.#deps.nowMs() - this.#deps.times.missedMs;
    for (const { heardMs } of this.#groups.values()) if (heardMs < sinceMs) return false;
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#groups.clear();
    this.#byChannel.clear();
  }

  /** Looks which marks were missed, and publishes the next ones. */
  round(): void {
    const nowMs = this.#deps.nowMs();
    const isHeldUp = nowMs - this.#roundMs > HELD_UP_ROUNDS * this.#deps.times.everyMs;
    this.#roundMs = nowMs;
    this.#serial += 1;
    for (const group of [...this.#groups.values()]) {
      if (isHeldUp) {
        group.takenMs = nowMs;
        if (group.awaited !== null) group.awaited.sinceMs = nowMs;
      }
      this.#judge(group, nowMs);
      this.#publish(group, this.#serial, nowMs);
    }
  }

  #judge(group: Group, nowMs: number): void {
    const { missedMs } = this.#deps.times;
    if (group.awaited !== null && nowMs - group.awaited.sinceMs >= missedMs) {
      group.awaited = null;
      this.#deps.unheard(group.channel);
    }
    if (nowMs - group.takenMs >= missedMs) {
      group.takenMs = nowMs;
      this.#deps.untaken(group.channel);
    }
  }

  #publish(group: Group, serial: number, sinceMs: number): void {
    this.#deps.publish(group.channel, Buffer.from(`${serial}`)).then(
      (taken) => {
        if (!taken) {
          group.failedAt = Math.max(group.failedAt ?? 0, serial);
          return;
        }
        group.takenMs = this.#deps.nowMs();
        if (group.heard < serial) group.awaited ??= { serial, sinceMs };
      },
      () => undefined,
    );
  }
}
