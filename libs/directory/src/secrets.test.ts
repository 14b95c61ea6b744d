/** Secrets, and the ids made from them (§1). */
import {
  type AccountId,
  type ConversationId,
  isAccountId,
  isCredential,
  isLinkToken,
  isStreamId,
  isStreamName,
  type StreamName,
} from "@ams/protocol";
import { expect, test } from "vitest";
import {
  guestAccountOf,
  hash,
  hashes,
  matches,
  newCredential,
  newLinkToken,
  newStreamName,
  type Peppers,
  streamIdOf,
} from "./secrets.ts";

const [OLD, NEW] = ["o".repeat(32), "n".repeat(32)];
const peppers: Peppers = { credential: [NEW, OLD], link: [NEW, OLD] };
const conversation = "conv_01ARZ3NDEKTSV4RRFFQ69G5FAV" as ConversationId;
const account = "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV" as AccountId;
const stream = "a" as StreamName;

test("§1.6 H is the lower-case hex of HMAC-SHA-256", () => {
  // RFC 4231, test case 2.
  expect(hash("Jefe", "what do ya want for nothing?")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("§1.6 both peppers verify, the first writes, and nothing else matches", () => {
  const secret = newLinkToken();
  expect(hashes([NEW, OLD], secret)).toEqual([hash(NEW, secret), hash(OLD, secret)]);
  expect(matches([NEW, OLD], secret, hash(OLD, secret))).toBe(true);
  expect(matches([NEW, OLD], secret, hash(NEW, secret))).toBe(true);
  expect(matches([NEW], secret, hash(OLD, secret))).toBe(false);
  expect(matches([NEW, OLD], newLinkToken(), hash(NEW, secret))).toBe(false);
  expect(matches([NEW], secret, "")).toBe(false);
});

test("§1.3 the same conversation, account and name give the same stream id, any other one another", () => {
  const id = streamIdOf(peppers, conversation, account, stream);
  expect(isStreamId(id)).toBe(true);
  expect(id).toBe(`str_${hash(NEW, `stream|${conversation}|${account}|a`).slice(0, 26)}`);
  expect(streamIdOf({ ...peppers, link: [NEW] }, conversation, account, stream)).toBe(id);
  expect(streamIdOf(peppers, conversation, account, "b" as StreamName)).not.toBe(id);
});

test("§1.1 all guests of a link are one account", () => {
  const token = newLinkToken();
  expect(guestAccountOf(peppers, token)).toBe(guestAccountOf(peppers, token));
  expect(isAccountId(guestAccountOf(peppers, token))).toBe(true);
  expect(guestAccountOf(peppers, newLinkToken())).not.toBe(guestAccountOf(peppers, token));
});

test("§1.1 what is made has its format, and is new each time", () => {
  expect(isCredential(newCredential())).toBe(true);
  expect(isLinkToken(newLinkToken())).toBe(true);
  for (let made = 0; made < 100; made += 1) expect(isStreamName(newStreamName())).toBe(true);
  expect(new Set(Array.from({ length: 100 }, newCredential)).size).toBe(100);
});
