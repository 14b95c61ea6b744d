/**
 * An exchange with the broker that a call waits for: for so long and no longer, and not for a
 * caller that has gone.
 */
import type { Connection } from "@ams/client";
import { faultOf } from "../checks/ams-faults.ts";
import { failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import { RECEIPT_MS } from "../limits.ts";
import type { Subscription } from "./subscription.ts";

export type Receipted = Awaited<ReturnType<Connection["send"]>>;
export type Give = (connection: Connection, signal: AbortSignal) => Promise<Receipted>;

/**
 * Hands a frame to a connection of the subscription. `unsent`: the connection had ended before it
 * took the frame.
 */
export async function handOver(
  clock: Clock,
  subscription: Subscription,
  connection: Connection,
  give: Give,
  signal: AbortSignal | undefined,
): Promise<Result<{ readonly receipt: Receipted }> | "unsent"> {
  const limit = new AbortController();
  const cancel = clock.after(RECEIPT_MS, () => limit.abort());
  try {
    const signals = signal === undefined ? [limit.signal] : [limit.signal, signal];
    return { ok: true, receipt: await give(connection, AbortSignal.any(signals)) };
  } catch (error) {
    if (signal?.aborted) return failure("aborted");
    // What still waits for a connection that is away has not gone out.
    const late = subscription.wire.away ? "unavailable" : "delivery_unknown";
    const fault = limit.signal.aborted ? late : faultOf(error);
    return fault !== "delivery_unknown" && (await hasEnded(connection)) ? "unsent" : failure(fault);
  } finally {
    cancel();
  }
}

/** A connection that ends its senders has ended by the time that they know. */
function hasEnded(connection: Connection): Promise<boolean> {
  return Promise.race([connection.closed.then(() => true), Promise.resolve().then(() => false)]);
}
