/** What the conformance suite's deployments are set to. */

/**
 * The limits of docs/PROTOCOL.md as they are by default, so that the suite meets them; no rate of
 * new accounts, which it would only wait for.
 */
export const PROTOCOL_LIMITS = {
  AMS_STREAMS_PER_ACCOUNT: "10",
  AMS_GUESTS_PER_ACCOUNT: "1000",
  AMS_SUBSCRIBERS_PER_CONVERSATION: "100",
  AMS_FRAMES_PER_SECOND: "20000",
  AMS_BYTES_PER_SECOND: "33554432",
  AMS_ACCOUNTS_PER_MINUTE: "0",
  AMS_MINTS_PER_MINUTE: "600",
  AMS_ROTATIONS_PER_MINUTE: "10",
};
