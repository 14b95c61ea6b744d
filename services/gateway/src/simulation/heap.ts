/** Events by their time, and by their order where the times are the same: a binary heap. */
import type { Event } from "./scheduler.ts";

export class Heap {
  readonly #events: Event[] = [];

  peek(): Event | null {
    return this.#events[0] ?? null;
  }

  push(event: Event): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = events[parentAt];
      if (parent === undefined || isBefore(parent, event)) break;
      events[at] = parent;
      at = parentAt;
    }
    events[at] = event;
  }

  pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = events[leftAt];
      if (left === undefined) break;
      const right = events[leftAt + 1];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      events[at] = child;
      at = isRight ? leftAt + 1 : leftAt;
    }
    events[at] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
