/** Emitting, with the broker's receipt as proof. */
import type { Connection } from "@ams/client";
import { faultOf } from "./ams-faults.ts";
import type { Result } from "./contract.ts";
import { failure } from "./faults.ts";
import { RECEIPT_MS } from "./limits.ts";
import type { Sent, Target } from "./requests.ts";
import { type Room, reach, type Seated, sit } from "./sit.ts";

type Receipted = Awaited<ReturnType<Connection["send"]>>;
type Give = (connection: Connection, signal: AbortSignal) => Promise<Receipted>;

/** Sends by the connection of the seat; `give` hands the frame to it. */
export async function emit(room: Room, target: Target, give: Give): Promise<Result<Sent>> {
  const seated = await sit(room, target);
  if (!seated.ok) return seated;
  const once = await tryOnce(room, seated, target, give);
  return once === "unsent" ? await tryAgain(room, seated, target, give) : once;
}

/** `unsent`: the connection had ended before it took the frame. */
async function tryOnce(
  room: Room,
  seated: Seated,
  { signal }: Target,
  give: Give,
): Promise<Result<Sent> | "unsent"> {
  const reached = await reach(room, seated, {}, signal);
  if (!reached.ok) return reached;
  const { connection } = reached;
  const { conversationId, streamName } = seated.seat;
  const limit = new AbortController();
  const cancel = room.clock.after(RECEIPT_MS, () => limit.abort());
  try {
    const signals = signal === undefined ? [limit.signal] : [limit.signal, signal];
    const receipt = await give(connection, AbortSignal.any(signals));
    if (receipt === null) return failure("delivery_unknown"); // Never: every seat asks for receipts.
    const { ts, seq } = receipt;
    return { ok: true, conversationId, streamId: connection.streamId, streamName, ts, seq };
  } catch (error) {
    if (signal?.aborted) return failure("aborted");
    const late = seated.seat.line.away ? "unavailable" : "delivery_unknown";
    const fault = limit.signal.aborted ? late : faultOf(error);
    return fault !== "delivery_unknown" && (await hasEnded(connection)) ? "unsent" : failure(fault);
  } finally {
    cancel();
  }
}

/** With a new connection, where the seat may have one; else with the fault that says why not. */
async function tryAgain(
  room: Room,
  seated: Seated,
  target: Target,
  give: Give,
): Promise<Result<Sent>> {
  await seated.seat.line.heardOut();
  const again = await tryOnce(room, seated, target, give);
  return again === "unsent" ? failure("unavailable") : again;
}

/** A connection that ends its senders has ended by the time that they know. */
function hasEnded(connection: Connection): Promise<boolean> {
  return Promise.race([connection.closed.then(() => true), Promise.resolve().then(() => false)]);
}
