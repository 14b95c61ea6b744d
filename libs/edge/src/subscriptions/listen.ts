/** Opening a path on which a session's subscriptions are pushed. */

import { failure } from "../checks/faults.ts";
import type { Listener, Listening, ListenOptions, Result } from "../contract.ts";
import type { Context } from "../sessions/subscribe.ts";

const PUSH = "push";

export function listen(
  { state, limits, subscriptions }: Context,
  listener: Listener,
  { path = PUSH, conversationId, streamName, since }: ListenOptions,
): Result<{ readonly listening: Listening }> {
  if (state.ended) return failure("session_ended");
  const rewound = since === undefined ? null : positionOf({ state, subscriptions }, since);
  if (since !== undefined && rewound === null) return failure("invalid_cursor");
  const only = { conversationId: conversationId ?? null, streamName: streamName ?? null };
  const push = state.listen(path, listener, only, limits.listenersPerSession);
  if (push === null) return failure("too_many_listeners");
  rewound?.hold.rewind(path, rewound.position);
  const listening: Listening = {
    resume: () => push.resume(state.holds),
    stop: () => state.unlisten(push),
  };
  // Not from within this call: its caller doesn't have what it answers yet.
  queueMicrotask(() => push.resume(state.holds));
  return { ok: true, listening };
}

function positionOf(
  { state, subscriptions }: Pick<Context, "state" | "subscriptions">,
  since: string,
) {
  for (const hold of state.holds) {
    if (!subscriptions.has(hold.subscription)) continue;
    const position = hold.subscription.positions.positionOf(since, hold.subscription.buffer.end);
    if (position !== null) return { hold, position };
  }
  return null;
}
