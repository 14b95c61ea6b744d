/** Leaving for good: nothing but a join comes back from it. */

import type { Result } from "./contract.ts";
import { failure } from "./faults.ts";
import type { Named, Target } from "./requests.ts";
import { type Room, unlessAborted } from "./sit.ts";
import { find } from "./target.ts";

export async function leave(room: Room, target: Target): Promise<Result<Named>> {
  const found = await unlessAborted(find(room, target), target.signal);
  if (!found.ok) return found;
  const { seat } = found;
  if (seat === null) return failure("not_joined");
  const isAnothers = seat.holder !== null && seat.holder !== room.state && seat.holder.live;
  if (isAnothers && !seat.line.left) return failure("seat_taken");
  seat.leave();
  return { ok: true, ...seat.named() };
}
