/** Emitting, with the broker's receipt as proof. */

import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { type Give, handOver } from "../subscriptions/hand-over.ts";
import type { Sent, Target } from "./requests.ts";
import { type Room, reach, type Seated, sit } from "./sit.ts";

/** Sends by the connection of the seat; `give` hands the frame to it. */
export async function emit(room: Room, target: Target, give: Give): Promise<Result<Sent>> {
  const seated = await sit(room, target);
  if (!seated.ok) return seated;
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
