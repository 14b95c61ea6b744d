/**
 * A subscription: one account's stream in one conversation. What its connection hears goes into its
 * buffer, and whoever watches is notified. It outlives its connections and the sessions that use
 * it.
 */

import { newNonce, ownerTag, type Seal } from "../checks/seal.ts";
import type { Common } from "../common.ts";
import type { Clock, Counters } from "../contract.ts";
import type { WrapperLimits } from "../limits.ts";
import type { Loops } from "../sessions/loops.ts";
import type { Named } from "../sessions/requests.ts";
import { EventBuffer, type Heard } from "./buffer.ts";
import type { Dial } from "./dial.ts";
import { bytesOf } from "./hearing.ts";
import { LogMarks, type LogPosition } from "./log-position.ts";
import { Positions } from "./positions.ts";
import { Speakers } from "./speakers.ts";
import { WireConnection, type WireLink } from "./wire-connection.ts";

/** The session that has the subscription for itself. */
export interface Holder {
  /** Whether it still is there: a subscription isn't taken from one that is. */
  readonly live: boolean;
  /** Whether a call or a listener of it is open at this moment. */
  readonly busy: boolean;
  /** Milliseconds since its last request. */
  readonly quietMs: number;
  /** There is something new in the buffer, or the subscription is on the wire or off it. */
  news(subscription: Subscription): void;
  /** Something may be lost before the subscription's first event. */
  doubted(subscription: Subscription): void;
  /** Another session has it now. */
  lost(subscription: Subscription): void;
}

export type SubscriptionDeps = {
  readonly clock: Clock;
  /** Of the process. */
  readonly common: Common;
  readonly counters: Counters;
  readonly dial: Dial;
  readonly limits: WrapperLimits;
  readonly loops: Loops;
  readonly seal: Seal;
};

export type SubscriptionName = {
  /** Of owner, conversation and stream name. */
  readonly key: string;
  readonly conversationId: string;
  readonly streamName: string;
  /** Whose it is: an account's id, or a guest's link. */
  readonly owner: string;
  /** Of its handle; a new one unless given. */
  readonly nonce?: string;
  /** Its handle, where it was made by one: its caller has that text. */
  readonly handle?: string;
  /**
   * Whether who asked for it took it for one that is there already: then it was elsewhere, and
   * something may be lost.
   */
  readonly isPresumed?: boolean;
  /** Where the log goes on that it was at before; null where that isn't known. */
  readonly log?: LogPosition | null;
};

export class Subscription {
  readonly key: string;
  readonly conversationId: string;
  readonly streamName: string;
  readonly wire: WireConnection;
  readonly positions: Positions;
  readonly speakers = new Speakers();
  readonly owner: string;
  readonly nonce: string;
  /** When a call was last about it, by the clock. */
  usedAt: number;
  /** How many calls were about it. */
  uses = 0;
  /** Whether it left the wire because nobody used it, and nobody has since. */
  swept = false;
  #buffer: EventBuffer;
  #holder: Holder | null = null;
  #handle: string | null = null;
  readonly #marks = new LogMarks();
  readonly #deps: SubscriptionDeps;
  readonly #watchers = new Set<() => void>();

  constructor(name: SubscriptionName, deps: SubscriptionDeps) {
    const { key, owner, conversationId, streamName, isPresumed = false, log = null } = name;
    this.key = key;
    this.owner = owner;
    this.nonce = name.nonce ?? newNonce();
    this.#handle = name.handle ?? null;
    this.conversationId = conversationId;
    this.streamName = streamName;
    this.positions = new Positions(key, streamName, (next) => this.#marks.at(next, this.#buffer));
    this.usedAt = deps.clock.now();
    this.#buffer = new EventBuffer(deps.limits, bytesOf);
    this.#deps = deps;
    this.wire = new WireConnection({
      ...{ conversationId, streamName, dial: deps.dial, counters: deps.counters },
      heard: (all) => this.#keep(all),
      changed: () => this.#notify(),
      began: ({ resumed, epoch }, isContinued) => {
        if (!isContinued && (resumed || (isPresumed && epoch > 1))) this.#doubt();
      },
      logged: (cursor) => this.#marks.add(this.#buffer.end, cursor, this.#buffer.first),
      lastLogged: () => this.#marks.at(this.#buffer.end, this.#buffer) ?? log,
    });
  }

  /** Where in the log what is unread begins; null where that isn't known, or some of it is lost. */
  unreadFrom(): LogPosition | null {
    const { next, unsure, skip = 0 } = this.positions.at;
    const isWhole = !unsure && skip === 0 && next >= this.#buffer.first;
    return isWhole ? this.#marks.at(next, this.#buffer) : null;
  }

  get buffer(): EventBuffer {
    return this.#buffer;
  }

  get holder(): Holder | null {
    return this.#holder;
  }

  /** How answers name it. The stream's id is empty before the first dial. */
  named(): Named {
    const { conversationId, streamName } = this;
    const streamId = this.wire.joined?.streamId ?? "";
    return { conversationId, streamId, streamName, handle: this.handle };
  }

  /** The same text each time; an account's brings its link along, for other processes. */
  get handle(): string {
    this.#handle ??= this.#makeHandle();
    return this.#handle;
  }

  get isGuests(): boolean {
    return this.owner.startsWith("guest ");
  }

  /**
   * Gives the subscription to a session; from another one only if it may take it. False when it is
   * not given.
   */
  claim(holder: Holder, mayTake: boolean): boolean {
    const before = this.#holder;
    if (before === holder) return true;
    if (before !== null && !mayTake) return false;
    this.#holder = holder;
    if (before !== null) {
      this.#deps.counters.add("subscription_takeovers", 1);
      before.lost(this);
      this.#wake();
    }
    return true;
  }

  /** The session has gone; the subscription stays. */
  release(holder: Holder): void {
    if (this.#holder !== holder) return;
    this.#holder = null;
    this.#wake();
  }

  /** Calls at every change, until the returned function is called. */
  watch(call: () => void): () => void {
    this.#watchers.add(call);
    return () => this.#watchers.delete(call);
  }

  /** Leaves the wire and forgets what was heard; only a new subscription comes after this one. */
  leave(): void {
    this.#buffer = new EventBuffer(this.#deps.limits, bytesOf);
    this.wire.leave();
  }

  #makeHandle(): string {
    const { conversationId, streamName, nonce, isGuests } = this;
    const link = isGuests || this.wire.link === null ? null : pathOf(this.wire.link);
    const owner = ownerTag(this.owner);
    return this.#deps.seal.handle({ conversationId, streamName, owner, nonce, link });
  }

  /** Something may be lost before its first event, for every reader. */
  #doubt(): void {
    this.positions.doubt();
    this.#holder?.doubted(this);
  }

  #keep(all: readonly Heard[]): void {
    const { clock, common, counters, loops } = this.#deps;
    for (const heard of all) {
      this.speakers.heard(heard, clock.now());
      if (heard.kind === "token" && heard.replay !== true)
        loops.spoke(this.conversationId, heard.streamId);
      const dropped = this.#buffer.append(common.of(heard));
      if (dropped > 0) counters.add("events_dropped", dropped);
    }
    counters.add("events_buffered", all.length);
    this.#notify();
  }

  #notify(): void {
    this.#holder?.news(this);
    this.#wake();
  }

  #wake(): void {
    for (const call of [...this.#watchers]) call();
  }
}

/** `<namespace>/conversations/<alias>?t=<token>`, wherever the deployment is. */
function pathOf({ magicLink, namespace, alias }: WireLink): string {
  return `${namespace}/conversations/${alias}${magicLink.slice(magicLink.indexOf("?"))}`;
}
