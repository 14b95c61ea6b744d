/**
 * A subscription as one session has it: what was shown to it and pushed to it, each path for
 * itself.
 */

import { type Ending, TAKEN } from "../sessions/ending.ts";
import type { Position } from "./buffer.ts";
import type { PushEvent, SubscriptionEvent } from "./events.ts";
import { readFrom } from "./reading.ts";
import type { Subscription } from "./subscription.ts";

/** Events read at once for a push, so that a full listener costs little. */
const PUSH_BATCH = 32;

export class Hold {
  readonly subscription: Subscription;
  #start: Position;
  readonly #pushed = new Map<string, Position>();
  readonly #notified = new Set<string>(); // The paths that know of the subscription's ending.
  #shown: Position | null = null;
  #lost = false;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
    this.#start = subscription.positions.at;
  }

  /** Whether another session has taken the subscription. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Something may be lost before what a path hears first. */
  doubt(): void {
    this.#start = { ...this.#start, unsure: true };
  }

  lose(): void {
    this.#lost = true;
  }

  /** The session has the subscription again: every path goes on where it stopped. */
  regain(): void {
    this.#lost = false;
  }

  /** How many events wait for `recv`. */
  get unread(): number {
    return this.#isOver ? 0 : this.subscription.buffer.countFrom(this.subscription.positions.at);
  }

  /** What is unread and was not shown yet; a `truncated` counts towards `eventsMax`. */
  show(eventsMax: number): readonly SubscriptionEvent[] {
    if (this.#isOver || eventsMax === 0) return [];
    const unread = this.subscription.positions.at;
    const from = this.#shown !== null && this.#shown.next >= unread.next ? this.#shown : unread;
    const whole = readFrom(this.subscription, from, eventsMax);
    const isTooLong = whole.events.length > eventsMax;
    const { events, after } = isTooLong ? readFrom(this.subscription, from, eventsMax - 1) : whole;
    this.#shown = after;
    return events;
  }

  /** Pushes what a path has not received, until `take` answers false: then it is false too. */
  push(path: string, take: (event: PushEvent) => boolean): boolean {
    while (!this.#lost) {
      const { events, after } = readFrom(this.subscription, this.#positionOf(path), PUSH_BATCH);
      if (events.length === 0) break;
      for (const [index, event] of events.entries()) {
        // The position moves with every event: what `take` refuses to follow is read again, or
        // lost, from there.
        const unread = events.length - index - 1;
        this.#pushed.set(path, { next: after.next - unread, unsure: false });
        if (!take(event)) return false;
      }
    }
    return this.#pushEnding(path, take);
  }

  /** The next push of a path begins there. */
  rewind(path: string, position: Position): void {
    this.#pushed.set(path, position);
  }

  forget(path: string): void {
    this.#pushed.delete(path);
    this.#notified.delete(path);
  }

  /** Whether there is nothing to read here any more for `recv`, which answers why. */
  get #isOver(): boolean {
    return this.#lost || this.subscription.wire.left;
  }

  #positionOf(path: string): Position {
    return this.#pushed.get(path) ?? this.#start;
  }

  #pushEnding(path: string, take: (event: PushEvent) => boolean): boolean {
    const ending: Ending | null = this.#lost ? TAKEN : this.subscription.wire.ending;
    if (ending === null) this.#notified.delete(path);
    if (ending === null || this.#notified.has(path)) return true;
    this.#notified.add(path);
    const { conversationId, streamName } = this.subscription;
    const { code, reason } = ending;
    return take({ kind: "closed", conversationId, streamName, code, reason });
  }
}
