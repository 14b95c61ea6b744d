/** Leaving for good: nothing but a join comes back from it. */

import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { find } from "../subscriptions/target.ts";
import type { Named, Target } from "./requests.ts";
import { type Room, unlessAborted } from "./sit.ts";

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
