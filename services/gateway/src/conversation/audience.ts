/**
 * The subscribers that this gateway holds of one conversation, as topics of the server library. A
 * frame is published once to a topic, never sent in a loop; who hears what is settled when a socket
 * is put on its topics (§5.1).
 *
 *   all        tokens, metadata and lifecycle of every stream: whoever asked for nothing special
 *   lifecycle  joins and leaves only: selective subscribers
 *   tokens     tokens and metadata of every stream: whoever asked for a summary of the roster
 *   summary    how many are there: all who asked for a summary, selective ones too
 *   stream     tokens and metadata of one stream: the selective subscribers that listed it
 */
import type { StreamId } from "@ams/protocol";
import type { Socket, Sockets } from "../accept/sockets.ts";

/** What a socket listens to, fixed for its life. */
export type Subscription = {
  /** The streams it listed, null for all. */
  readonly streams: readonly StreamId[] | null;
  /** Its own stream when it asked to hear itself too. */
  readonly self: StreamId | null;
  /** It hears how many are there instead of who comes and goes (§4.5.4). */
  readonly summary?: boolean;
};

/** Those who hear what is delivered in another way than by topics. */
export type AudienceFollowers = {
  readonly size: number;
  readonly offer: (stream: StreamId | null, frame: Uint8Array | string) => void;
};

let names = 0;

export class Audience {
  readonly #sockets: Sockets;
  readonly #name = (names++).toString(36);
  readonly #all = `a${this.#name}`;
  readonly #lifecycle = `l${this.#name}`;
  readonly #tokens = `t${this.#name}`;
  readonly #summary = `s${this.#name}`;
  #allCount = 0;
  #selectiveCount = 0;
  #tokensCount = 0;
  /** All who asked for a summary, selective ones included. */
  #summaryCount = 0;
  /** How many selective subscribers listed each stream; a stream nobody listed costs nothing. */
  readonly #listed = new Map<StreamId, number>();

  /** Readers that are served from the log; null where nothing is kept. */
  readonly #followers: AudienceFollowers | null;

  constructor(sockets: Sockets, followers: AudienceFollowers | null = null) {
    this.#sockets = sockets;
    this.#followers = followers;
  }

  /** Subscribers, selective ones included. */
  get size(): number {
    return this.#allCount + this.#selectiveCount + this.#summaryCount;
  }

  /** Whether somebody hears of each join and leave, and whether somebody hears of counts. */
  get hearsLifecycle(): boolean {
    return this.#allCount + this.#selectiveCount + (this.#followers?.size ?? 0) > 0;
  }

  get hearsSummary(): boolean {
    return this.#summaryCount > 0;
  }

  /**
   * A socket that is served from the log: it hears nothing of this, and what it emits goes out, as
   * it is on a topic.
   */
  wait(socket: Socket): void {
    socket.subscribe(`w${this.#name}`);
  }

  enter(socket: Socket, subscription: Subscription): void {
    const { streams, summary = false } = subscription;
    if (summary) {
      this.#summaryCount += 1;
      socket.subscribe(this.#summary);
    }
    if (streams === null) {
      if (summary) this.#tokensCount += 1;
      else this.#allCount += 1;
      socket.subscribe(summary ? this.#tokens : this.#all);
      return;
    }
    if (!summary) {
      this.#selectiveCount += 1;
      socket.subscribe(this.#lifecycle);
    }
    for (const id of listedBy(subscription)) {
      this.#listed.set(id, (this.#listed.get(id) ?? 0) + 1);
      socket.subscribe(this.#topicOf(id));
    }
  }

  /** Counts a subscriber out; the library has taken, or will take, its socket off the topics. */
  exit(subscription: Subscription): void {
    const { streams, summary = false } = subscription;
    if (summary) this.#summaryCount -= 1;
    if (streams === null) {
      if (summary) this.#tokensCount -= 1;
      else this.#allCount -= 1;
      return;
    }
    if (!summary) this.#selectiveCount -= 1;
    for (const id of listedBy(subscription)) {
      const left = (this.#listed.get(id) ?? 0) - 1;
      if (left > 0) this.#listed.set(id, left);
      else this.#listed.delete(id);
    }
  }

  /**
   * A token or metadata frame of a stream whose socket is here, and hears it only when it asked to;
   * null when it has gone. Returns to how many sockets it was handed.
   */
  deliverFrom(
    socket: Socket | null,
    subscription: Subscription,
    stream: StreamId,
    frame: Uint8Array | string,
  ): number {
    if (socket === null || subscription.self !== null) {
      return this.#deliver(this.#sockets, stream, frame, null);
    }
    return this.#deliver(socket, stream, frame, subscription);
  }

  /**
   * A token or metadata frame, or an `x_gap`, of a stream whose socket is elsewhere. Returns to how
   * many sockets it was handed.
   */
  deliver(stream: StreamId, frame: Uint8Array | string): number {
    return this.#deliver(this.#sockets, stream, frame, null);
  }

  /** A frame for those who are live, and not for those who are served from the log. */
  deliverToLive(frame: string): void {
    this.#deliverLifecycle(frame);
    this.deliverSummary(frame);
  }

  /** A frame for those who asked for a summary. */
  deliverSummary(frame: string): void {
    if (this.#summaryCount > 0) this.#sockets.publish(this.#summary, frame, this.#summaryCount);
  }

  #deliverLifecycle(frame: string): void {
    if (this.#allCount > 0) this.#sockets.publish(this.#all, frame, this.#allCount);
    if (this.#selectiveCount > 0)
      this.#sockets.publish(this.#lifecycle, frame, this.#selectiveCount);
  }

  /**
   * A `stream_joined` or `stream_left`: every subscriber hears of every stream, but for those who
   * asked for a summary.
   */
  deliverToAll(frame: string): void {
    if (this.#followers !== null && this.#followers.size > 0) this.#followers.offer(null, frame);
    this.#deliverLifecycle(frame);
  }

  /** `own` is what the emitter's socket listens to, which hears nothing of it; null for nobody. */
  #deliver(
    from: Sockets,
    stream: StreamId,
    frame: Uint8Array | string,
    own: Subscription | null,
  ): number {
    if (this.#followers !== null && this.#followers.size > 0) this.#followers.offer(stream, frame);
    const isAll = own !== null && own.streams === null;
    const isSummary = own?.summary === true;
    let all = 0;
    if (this.#allCount > 0) {
      all = this.#allCount - (isAll && !isSummary ? 1 : 0);
      from.publish(this.#all, frame, all);
    }
    if (this.#tokensCount > 0) {
      const count = this.#tokensCount - (isAll && isSummary ? 1 : 0);
      from.publish(this.#tokens, frame, count);
      all += count;
    }
    if (this.#listed.size === 0) return all;
    const count = this.#listed.get(stream);
    if (count === undefined) return all;
    from.publish(this.#topicOf(stream), frame, count);
    return all + count;
  }

  #topicOf(stream: StreamId): string {
    return `${this.#name}/${stream}`;
  }
}

function listedBy(subscription: Subscription): ReadonlySet<StreamId> {
  const { streams, self } = subscription;
  return new Set(self === null ? streams : [...(streams ?? []), self]);
}
