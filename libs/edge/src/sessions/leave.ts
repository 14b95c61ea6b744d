/** Leaving for good: nothing but a join comes back from it. */

import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { find } from "../subscriptions/target.ts";
import type { Named, Target } from "./requests.ts";
import { type Context, unlessAborted } from "./subscribe.ts";

export async function leave(context: Context, target: Target): Promise<Result<Named>> {
  const found = await unlessAborted(find(context, target), target.signal);
  if (!found.ok) return found;
  const { subscription } = found;
  if (subscription === null) return failure("not_joined");
  const isAnothers =
    subscription.holder !== null &&
    subscription.holder !== context.state &&
    subscription.holder.live;
  const isProved = found.handle !== null || subscription.wire.left;
  if (isAnothers && !isProved) return failure("seat_taken");
  subscription.leave();
  return { ok: true, ...subscription.named() };
}
