/** What rides along with another answer: what is unread, shown once. */

import type { SeatEvent } from "./events.ts";
import { PENDING_MAX } from "./limits.ts";
import type { Pending, PendingOptions } from "./requests.ts";
import type { Room } from "./sit.ts";

export function pending(
  { state, counters }: Room,
  { conversationId, max = PENDING_MAX }: PendingOptions,
): Pending {
  const events: SeatEvent[] = [];
  let count = 0;
  let room = Math.min(max, PENDING_MAX);
  for (const hold of state.holds) {
    if (conversationId !== undefined && hold.seat.conversationId !== conversationId) continue;
    count += hold.unread;
    const shown = hold.show(room);
    room -= shown.filter((event) => event.kind !== "truncated").length;
    events.push(...shown);
  }
  counters.add("events_shown", events.length);
  return { count, events };
}
