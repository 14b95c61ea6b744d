/** Opening a path on which a session's seats are pushed. */

import { failure } from "../checks/faults.ts";
import type { Listener, Listening, ListenOptions, Result } from "../contract.ts";
import type { Room } from "../sessions/sit.ts";

const PUSH = "push";

export function listen(
  { state, limits, seats }: Room,
  listener: Listener,
  { path = PUSH, conversationId, streamName, since }: ListenOptions,
): Result<{ readonly listening: Listening }> {
  if (state.ended) return failure("session_ended");
  const rewound = since === undefined ? null : placeOf({ state, seats }, since);
  if (since !== undefined && rewound === null) return failure("invalid_cursor");
  const only = { conversationId: conversationId ?? null, streamName: streamName ?? null };
  const push = state.listen(path, listener, only, limits.listenersPerSession);
  if (push === null) return failure("too_many_listeners");
  rewound?.hold.rewind(path, rewound.place);
  const listening: Listening = {
    resume: () => push.resume(state.holds),
    stop: () => state.unlisten(push),
  };
  // Not from within this call: its caller doesn't have what it answers yet.
  queueMicrotask(() => push.resume(state.holds));
  return { ok: true, listening };
}

function placeOf({ state, seats }: Pick<Room, "state" | "seats">, since: string) {
  for (const hold of state.holds) {
    if (!seats.has(hold.seat)) continue;
    const place = hold.seat.places.placeOf(since, hold.seat.buffer.end);
    if (place !== null) return { hold, place };
  }
  return null;
}
