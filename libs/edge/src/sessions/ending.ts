/** Why a subscription is off the wire, and whether the next call may bring it back. */
import type { AmsError } from "@ams/client";
import type { Fault } from "../checks/faults.ts";

export type Ending = {
  /** The wire's close code, or 1000 or 1006 of RFC 6455. */
  readonly code: number;
  readonly reason: string;
  /**
   * What a call is answered that brings no link; null where a call brings the subscription back by
   * itself. `seat_taken` here means outside of this process: a link does not heal that, a takeover
   * does.
   */
  readonly fault: Fault | null;
};

export const IDLE: Ending = { code: 1000, reason: "idle", fault: null };
export const LEFT: Ending = { code: 1000, reason: "left", fault: "left" };
export const TAKEN: Ending = { code: 4001, reason: "seat_taken", fault: "seat_taken" };

/**
 * This process ends, as a gateway does that drains: who comes back finds another one, or its
 * successor. No call heals it here.
 */
export const STOPPING: Ending = { code: 4503, reason: "draining", fault: "unavailable" };

const CONNECTION_LOST_CODE = 1006;

export function endingOf(error: AmsError | null): Ending {
  const code = error?.closeCode ?? CONNECTION_LOST_CODE;
  const reason = error?.code ?? "connection_lost";
  return { code, reason, fault: faultFor(reason) };
}

function faultFor(reason: string): Fault | null {
  switch (reason) {
    case "stream_displaced":
      return "seat_taken";
    case "link_revoked":
    case "conversation_closed":
    case "invalid_magic_link":
    case "conversation_not_found":
      return reason;
    default:
      return null;
  }
}
