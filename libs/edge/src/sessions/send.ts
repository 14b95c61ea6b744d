/** Emitting, with the broker's receipt as proof. */

import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { TOKEN_BYTES_MAX } from "../limits.ts";
import { type Give, handOver } from "../subscriptions/hand-over.ts";
import { countFinished } from "../subscriptions/read-messages.ts";
import { LOOP_REFUSED } from "./loops.ts";
import type { SendRequest, Sent, SentText, Target } from "./requests.ts";
import { type Context, reach, type Subscribed, subscribe } from "./subscribe.ts";

/**
 * Sends a text, and with `endsTurn` the sentinel after it. A text that is out while its end isn't
 * has arrived: the answer is that of the text, and the next turn ends both.
 */
export async function say(context: Context, request: SendRequest): Promise<Result<SentText>> {
  const { data, endsTurn = false, overrideLoop = false, ...target } = request;
  if (Buffer.byteLength(data) > TOKEN_BYTES_MAX) return failure("token_too_large");
  const subscribed = await subscribe(context, target);
  if (!subscribed.ok) return subscribed;
  const { subscription } = subscribed;
  const { conversationId } = subscription;
  const { loops } = context;
  if (overrideLoop) loops.forget(conversationId);
  if (endsTurn && loops.count(conversationId) >= LOOP_REFUSED) return failure("loop_suspected");
  const wasKnown = subscription.wire.joined !== null;
  const give: Give = async (to, signal) => {
    // Before it goes out: the peers of this process hear it before its receipt is here.
    if (endsTurn) loops.ended(conversationId, to.streamId);
    if (data === "" && endsTurn) return await to.endTurn({ signal });
    const sent = to.send(data, { signal });
    if (endsTurn) to.endTurn({ signal }).catch(() => {}); // Its receipt comes after the text's.
    return await sent;
  };
  const sent = await emitFrom(context, subscribed, target, give);
  if (!sent.ok) return sent;
  context.counters.add("tokens_sent", 1);
  const pending = countFinished(subscription, subscription.positions.at, context.clock.now());
  return { ...sent, pending, alternated: loops.count(conversationId), joined: !wasKnown };
}

/** Sends by the connection of the subscription; `give` hands the frame to it. */
export async function emit(context: Context, target: Target, give: Give): Promise<Result<Sent>> {
  const subscribed = await subscribe(context, target);
  return subscribed.ok ? await emitFrom(context, subscribed, target, give) : subscribed;
}

async function emitFrom(
  context: Context,
  subscribed: Subscribed,
  target: Target,
  give: Give,
): Promise<Result<Sent>> {
  const once = await tryOnce(context, subscribed, target, give);
  if (once !== "unsent") return once;
  // With a new connection, where the subscription may have one; else with the fault that says why
  // not.
  await subscribed.subscription.wire.heardOut();
  const again = await tryOnce(context, subscribed, target, give);
  return again === "unsent" ? failure("unavailable") : again;
}

async function tryOnce(
  context: Context,
  subscribed: Subscribed,
  { signal }: Target,
  give: Give,
): Promise<Result<Sent> | "unsent"> {
  const reached = await reach(context, subscribed, {}, signal);
  if (!reached.ok) return reached;
  const { subscription } = subscribed;
  const handed = await handOver(context.clock, subscription, reached.connection, give, signal);
  if (handed === "unsent" || !handed.ok) return handed;
  // Never: every subscription asks for receipts.
  if (handed.receipt === null) return failure("delivery_unknown");
  const { ts, seq } = handed.receipt;
  return { ok: true, ...subscription.named(), ts, seq };
}
