/** What rides along with another answer: what is unread, shown once. */

import { PENDING_MAX } from "../limits.ts";
import type { Pending, PendingOptions } from "../sessions/requests.ts";
import type { Room } from "../sessions/sit.ts";
import type { SeatEvent } from "./events.ts";

export function pending(
  { state, counters, seats }: Room,
  { conversationId, streamName, max = PENDING_MAX }: PendingOptions,
): Pending {
  const events: SeatEvent[] = [];
  let count = 0;
  let room = Math.min(max, PENDING_MAX);
  for (const hold of state.holds) {
    if (!seats.has(hold.seat)) continue;
    if (conversationId !== undefined && hold.seat.conversationId !== conversationId) continue;
    if (streamName !== undefined && hold.seat.streamName !== streamName) continue;
    count += hold.unread;
    const shown = hold.show(room);
    room -= shown.length;
    events.push(...shown);
  }
  counters.add("events_shown", events.length);
  return { count, events };
}
