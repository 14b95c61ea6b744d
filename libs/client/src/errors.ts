/**
 * What the SDK throws: `AmsError`, whose `code` is one of a closed union, so that a program can
 * switch on it.
 */
import type { CloseReason, ProblemCode } from "@ams/protocol";

/**
 * Faults that the SDK itself finds; all others are named by the wire (§6.1) or by the control plane
 * (§9.2).
 */
export type ClientFault =
  | "aborted" /** The caller's AbortSignal fired. */
  | "backpressure" /** The send buffer is full: what was refused was not sent. */
  | "closed" /** The connection had been closed by its owner. */
  | "connection_lost" /** The connection broke, and didn't come back in the time allowed. */
  | "delivery_unknown" /** The connection broke after the frame went out and before its receipt. */
  | "invalid_argument" /** A caller's mistake; the message names the argument. */
  | "invalid_link" /** The text is not a magic link, or a part of it is missing. */
  | "not_ams" /** Something answers at the URL, and it is not AMS, or none that this SDK knows. */
  /** A deployment newer than this SDK refused for a reason that this SDK doesn't know. */
  | "refused"
  | "slow_consumer" /** An iterator was read too slowly, and its queue is full. */
  | "source_failed" /** The source of a pipe, or its picker, threw; see `cause`. */
  | "timeout" /** No answer in time. */
  | "token_too_large" /** A token of more than 65,536 bytes of UTF-8. */
  | "tokens_lost" /** A text has a hole: tokens of its stream are lost. */
  | "unexpected_answer" /** AMS sent a frame that breaks the protocol. */
  /** Nothing answers at the URL, or nothing that can be spoken with; the message says which. */
  | "unreachable"
  | "websocket_blocked"; /** AMS answers HTTP at the URL, but a WebSocket doesn't get through. */

/** Every code that an `AmsError` can have. */
export type AmsErrorCode = ClientFault | CloseReason | ProblemCode;

export type AmsErrorDetails = {
  readonly cause?: unknown;
  /** HTTP status, where an HTTP answer was the reason. */
  readonly status?: number;
  /** WebSocket close code, where a close was the reason. */
  readonly closeCode?: number;
  /** Seconds after which to try again, as the deployment said (429). */
  readonly retryAfterS?: number;
};

/**
 * The one thing that this SDK throws or rejects with. `message` is one sentence for people and
 * holds no credential and no link token.
 *
 * @example
 * ```ts
 * import { AmsError, createAccount } from "ams-client";
 *
 * try {
 *   await createAccount("http://127.0.0.1:8080", { namespace: "Not A Namespace" });
 * } catch (error) {
 *   if (error instanceof AmsError && error.code === "invalid_namespace") {
 *     console.log("Another name, please.");
 *   }
 *   // Another name, please.
 * }
 * ```
 */
export class AmsError extends Error {
  override readonly name = "AmsError";
  readonly code: AmsErrorCode;
  readonly status: number | undefined;
  readonly closeCode: number | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: AmsErrorCode, message: string, details: AmsErrorDetails = {}) {
    super(message, details); // It takes the cause, where there is one.
    this.code = code;
    this.status = details.status;
    this.closeCode = details.closeCode;
    this.retryAfterS = details.retryAfterS;
  }
}
