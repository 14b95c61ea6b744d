/** The SDK's errors as faults. What is none of the caller's doing is `unavailable`. */
import { AmsError, type AmsErrorCode } from "@ams/client";
import type { Fault } from "./faults.ts";

const SAME_NAME = [
  "invalid_credential",
  "invalid_magic_link",
  "conversation_not_found",
  "link_revoked",
  "conversation_closed",
  "stream_name_conflict",
  "account_concurrency_limit",
  "conversation_subscriber_limit",
  "invalid_stream_name",
  "invalid_metadata",
  "token_too_large",
  "backpressure",
  "rate_limited",
  "delivery_unknown",
  "no_replay",
  "invalid_cursor",
] as const satisfies readonly (Fault & AmsErrorCode)[];

const OTHER_NAME: ReadonlyMap<AmsErrorCode, Fault> = new Map<AmsErrorCode, Fault>([
  ["invalid_link", "invalid_magic_link"],
  ["invalid_token", "invalid_magic_link"],
  ["not_found", "conversation_not_found"],
  ["missing_credential", "invalid_credential"],
  ["invalid_stream_name_header", "invalid_stream_name"],
  ["invalid_stream_metadata", "invalid_metadata"],
  ["invalid_stream_metadata_header", "invalid_metadata"],
  ["invalid_peer_identity_header", "invalid_peer_identity"],
  // The only argument of ours that the SDK refuses so.
  ["invalid_argument", "invalid_peer_identity"],
  ["stream_displaced", "seat_taken"],
  ["closed", "left"],
]);

/** Throws again what is not the SDK's: that is a mistake of this program. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof AmsError)) throw error;
  const { code } = error;
  return SAME_NAME.find((name) => name === code) ?? OTHER_NAME.get(code) ?? "unavailable";
}
