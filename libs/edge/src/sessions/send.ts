/** Emitting, with the broker's receipt as proof. */

import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { TOKEN_BYTES_MAX } from "../limits.ts";
import { type Give, handOver } from "../subscriptions/hand-over.ts";
import { countFinished } from "../subscriptions/read-messages.ts";
import { LOOP_REFUSED } from "./loops.ts";
import type { SendRequest, Sent, SentText, Target } from "./requests.ts";
import { type Room, reach, type Seated, sit } from "./sit.ts";

/**
 * Sends a text, and with `endsTurn` the sentinel behind it. A text that is out while its end isn't
 * has arrived: the answer is that of the text, and the next turn ends both.
 */
export async function say(room: Room, request: SendRequest): Promise<Result<SentText>> {
  const { data, endsTurn = false, overrideLoop = false, ...target } = request;
  if (Buffer.byteLength(data) > TOKEN_BYTES_MAX) return failure("token_too_large");
  const seated = await sit(room, target);
  if (!seated.ok) return seated;
  const { seat } = seated;
  const { conversationId } = seat;
  const { loops } = room;
  if (overrideLoop) loops.forget(conversationId);
  if (endsTurn && loops.count(conversationId) >= LOOP_REFUSED) return failure("loop_suspected");
  const wasKnown = seat.line.joined !== null;
  const give: Give = async (to, signal) => {
    // Before it goes out: the peers of this process hear it before its receipt is here.
    if (endsTurn) loops.ended(conversationId, to.streamId);
    if (data === "" && endsTurn) return await to.endTurn({ signal });
    const sent = to.send(data, { signal });
    if (endsTurn) to.endTurn({ signal }).catch(() => {}); // Its receipt comes behind the text's.
    return await sent;
  };
  const sent = await emitFrom(room, seated, target, give);
  if (!sent.ok) return sent;
  room.counters.add("tokens_sent", 1);
  const pending = countFinished(seat, seat.places.at, room.clock.now());
  return { ...sent, pending, alternated: loops.count(conversationId), joined: !wasKnown };
}

/** Sends by the connection of the seat; `give` hands the frame to it. */
export async function emit(room: Room, target: Target, give: Give): Promise<Result<Sent>> {
  const seated = await sit(room, target);
  return seated.ok ? await emitFrom(room, seated, target, give) : seated;
}

async function emitFrom(
  room: Room,
  seated: Seated,
  target: Target,
  give: Give,
): Promise<Result<Sent>> {
  const once = await tryOnce(room, seated, target, give);
  if (once !== "unsent") return once;
  // With a new connection, where the seat may have one; else with the fault that says why not.
  await seated.seat.line.heardOut();
  const again = await tryOnce(room, seated, target, give);
  return again === "unsent" ? failure("unavailable") : again;
}

async function tryOnce(
  room: Room,
  seated: Seated,
  { signal }: Target,
  give: Give,
): Promise<Result<Sent> | "unsent"> {
  const reached = await reach(room, seated, {}, signal);
  if (!reached.ok) return reached;
  const { seat } = seated;
  const handed = await handOver(room.clock, seat, reached.connection, give, signal);
  if (handed === "unsent" || !handed.ok) return handed;
  // Never: every seat asks for receipts.
  if (handed.receipt === null) return failure("delivery_unknown");
  const { ts, seq } = handed.receipt;
  return { ok: true, ...seat.named(), ts, seq };
}
