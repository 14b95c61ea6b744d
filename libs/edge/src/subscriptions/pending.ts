/** What rides along with another answer: what is unread, shown once. */

import { PENDING_MAX } from "../limits.ts";
import type { Pending, PendingOptions } from "../sessions/requests.ts";
import type { Context } from "../sessions/subscribe.ts";
import type { SubscriptionEvent } from "./events.ts";

export function pending(
  { state, counters, subscriptions }: Context,
  { conversationId, streamName, max = PENDING_MAX }: PendingOptions,
): Pending {
  const events: SubscriptionEvent[] = [];
  let count = 0;
  let left = Math.min(max, PENDING_MAX);
  for (const hold of state.holds) {
    if (!subscriptions.has(hold.subscription)) continue;
    if (conversationId !== undefined && hold.subscription.conversationId !== conversationId)
      continue;
    if (streamName !== undefined && hold.subscription.streamName !== streamName) continue;
    count += hold.unread;
    const shown = hold.show(left);
    left -= shown.length;
    events.push(...shown);
  }
  counters.add("events_shown", events.length);
  return { count, events };
}
