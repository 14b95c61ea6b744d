/** Emitting, with the broker's receipt as proof. */
import type { Connection } from "@ams/client";
import { faultOf } from "./ams-faults.ts";
import type { Result, Sent, Target } from "./contract.ts";
import { failure } from "./faults.ts";
import { RECEIPT_MS } from "./limits.ts";
import { type Room, reach, sit } from "./sit.ts";

type Receipted = Awaited<ReturnType<Connection["send"]>>;

/** Sends by the connection of the seat; `how` gives the frame to it. */
export async function emit(
  room: Room,
  target: Target,
  how: (connection: Connection, signal: AbortSignal) => Promise<Receipted>,
): Promise<Result<Sent>> {
  const seated = await sit(room, target);
  if (!seated.ok) return seated;
  const reached = await reach(room, seated, {}, target.signal);
  if (!reached.ok) return reached;
  const { connection } = reached;
  const { conversationId, streamName } = seated.seat;
  const limit = new AbortController();
  const cancel = room.clock.after(RECEIPT_MS, () => limit.abort());
  const signals = target.signal === undefined ? [] : [target.signal];
  try {
    const receipt = await how(connection, AbortSignal.any([limit.signal, ...signals]));
    if (receipt === null) return failure("delivery_unknown"); // Never: every seat asks for receipts.
    const { ts, seq } = receipt;
    return { ok: true, conversationId, streamId: connection.streamId, streamName, ts, seq };
  } catch (error) {
    if (target.signal?.aborted) return failure("aborted");
    return failure(limit.signal.aborted ? "delivery_unknown" : faultOf(error));
  } finally {
    cancel();
  }
}
