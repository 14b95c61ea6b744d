// Signed tokens byte for byte, as docs/PROTOCOL.md has them; the Python SDK has the same vectors.
import { expect, test } from "vitest";
import { signBearerToken, signJoinLink, signJoinToken } from "./tokens.ts";

const KEY = {
  accountId: "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
  keyId: "key_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
  credential: `ams_sk_${"a".repeat(43)}`,
};
const now = Date.UTC(2026, 0, 31, 12);
const JOIN = { conversationId: "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ", streamName: "alice", now };

/** RFC 8032 signatures are the same each time, and so are these texts. */
const SIGNED_JOIN =
  "eyJhbGciOiJFZERTQSIsImtpZCI6ImtleV8wMUo4WlE0VDlWM1c1WDdZOUFCQ0RFRkdISiIsInR5cCI6ImFtcy1qb2luK2p3dCJ9." +
  "eyJpc3MiOiJhY2NfMDFKOFpRNFQ5VjNXNVg3WTlBQkNERUZHSEoiLCJjb252ZXJzYXRpb24iOiJjb252XzAxSjhaUTRUOVYzVzVYN1k5QUJDREVGR0hKIiwic3RyZWFtX25hbWUiOiJhbGljZSIsInJlYWRfb25seSI6ZmFsc2UsImlhdCI6MTc2OTg2MDgwMCwiZXhwIjoxNzY5ODYwODYwfQ." +
  "vPdlF4lmEVDmTQGibU7u3XYovSij_90mOBX43KkEZ-1TCLtpwn2AY7nKL2_t96ixOFs0TTM2U5452aw04uXACg";
const SIGNED_BEARER =
  "eyJhbGciOiJFZERTQSIsImtpZCI6ImtleV8wMUo4WlE0VDlWM1c1WDdZOUFCQ0RFRkdISiIsInR5cCI6ImFtcy1iZWFyZXIrand0In0." +
  "eyJpc3MiOiJhY2NfMDFKOFpRNFQ5VjNXNVg3WTlBQkNERUZHSEoiLCJzY29wZSI6ImpvaW4gcmVhZCIsImlhdCI6MTc2OTg2MDgwMCwiZXhwIjoxNzY5ODYxNDAwfQ." +
  "yTSwhyGMBJEEw-fJfO47oFXQpLVmeT_-Eq2TdjaTXVHkx2zebHH3A2GqQo12QWvKG01Ff3-ws5lKomwGa-IYAw";

test("§2.13.4 the tokens of a fixed key and time are these", () => {
  expect(signJoinToken(KEY, JOIN)).toBe(SIGNED_JOIN);
  expect(signBearerToken(KEY, { scopes: ["join", "read"], now })).toBe(SIGNED_BEARER);
});

test("§2.13.5 a join link is the conversation's address with a token in the place of the link's", () => {
  const link = "https://ams.example/falcon/conversations/standup?t=secret";
  const made = signJoinLink(KEY, link, JOIN);
  expect(made).toBe(`https://ams.example/falcon/conversations/standup?t=${SIGNED_JOIN}`);
  expect(() => signJoinLink(KEY, "https://ams.example/", JOIN)).toThrow(RangeError);
});

test.each([0, 601, 1.5, Number.NaN])("§2.13.5 a life of %d s is refused at once", (expiresInS) => {
  expect(() => signJoinToken(KEY, { ...JOIN, expiresInS })).toThrow(RangeError);
});
