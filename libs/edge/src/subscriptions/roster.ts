/** Who is in a conversation now, by a subscription in it or by a link to it. */
import type { Connection } from "@ams/client";
import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import type { Roster, Target } from "../sessions/requests.ts";
import { type Context, reach, unlessAborted } from "../sessions/subscribe.ts";
import type { Subscription } from "./subscription.ts";
import { find } from "./target.ts";

export async function roster(context: Context, target: Target): Promise<Result<Roster>> {
  const found = await unlessAborted(find(context, target), target.signal);
  if (!found.ok) return found;
  const { conversationId, link, subscription } = found;
  const inside = subscription?.wire.connection ?? null;
  if (subscription !== null && inside !== null) return seen(subscription, inside);
  if (link !== null) {
    const { namespace, alias, metadata: conversationMetadata, streams: peers } = link;
    const named = { conversationId, namespace, alias, streamName: null };
    return { ok: true, ...named, peers, conversationMetadata };
  }
  if (subscription === null) return failure("not_joined");
  const reached = await reach(context, { subscription, link }, {}, target.signal);
  return reached.ok ? seen(subscription, reached.connection) : reached;
}

/** As the subscription's own connection knows it. */
function seen(
  subscription: Subscription,
  { peers, conversationMetadata }: Connection,
): Result<Roster> {
  const { conversationId, streamName, wire } = subscription;
  const { namespace = "", alias = "" } = wire.link ?? {}; // It has been dialled by one.
  const named = { conversationId, namespace, alias, streamName };
  return { ok: true, ...named, peers: [...peers.values()], conversationMetadata };
}
