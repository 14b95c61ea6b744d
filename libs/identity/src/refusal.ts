/** Why a token is refused, for the operator's log: never with any of its text. */
import { errors, type JWTPayload } from "jose";

/** Seconds by which clocks may differ: more would keep ended tokens alive. */
export const CLOCK_TOLERANCE_S = 60;

export type Refusal = { readonly reason: string };

/** `what` is the reason, or what the library threw: of that its code alone. */
export function refusal(what: unknown): Refusal {
  if (typeof what === "string") return { reason: what };
  if (what instanceof errors.JWTClaimValidationFailed) {
    return { reason: `${what.code.toLowerCase()} ${what.claim}` };
  }
  return { reason: what instanceof errors.JOSEError ? what.code.toLowerCase() : "malformed" };
}

/** Not made in the future, and not valid for longer than `secondsMax`. */
export function isInTime({ iat, exp }: JWTPayload, nowMs: number, secondsMax: number): boolean {
  if (iat === undefined || exp === undefined) return false;
  return iat * 1_000 <= nowMs + CLOCK_TOLERANCE_S * 1_000 && exp - iat <= secondsMax;
}
