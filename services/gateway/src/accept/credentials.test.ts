// Sockets end with the credential that admitted them: announced, by its time, or found when the
// directory is asked.
import { type CredentialEnd, DirectoryUnavailable } from "@ams/directory";
import type { AccountId } from "@ams/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ACCOUNT } from "../testing/fakes.ts";
import { Credentials } from "./credentials.ts";

let ended: string[];
let asked: AccountId[];
let live: (account: AccountId) => readonly CredentialEnd[] | null;
let credentials: Credentials;
const place = {
  end: (connection: string, reason: string) => {
    ended.push(`${connection} ${reason}`);
    credentials.forget(ACCOUNT, connection);
  },
};

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  ended = [];
  asked = [];
  live = () => [];
  const credentialEnds = async (account: AccountId) => {
    asked.push(account);
    return live(account);
  };
  credentials = new Credentials({ credentialEnds }, Date.now);
});
afterEach(() => {
  vi.useRealTimers();
});

test("§2.2.4 what an ended credential admitted ends at once, and what others admitted stays", () => {
  credentials.watch(ACCOUNT, "old", "a", place);
  credentials.watch(ACCOUNT, "old", "b", place);
  credentials.watch(ACCOUNT, "new", "c", place);
  credentials.end(ACCOUNT, [
    { credential: "old", at_ms: Date.now() },
    { credential: "unknown", at_ms: 0 },
  ]);
  expect(ended).toEqual(["a invalid_credential", "b invalid_credential"]);
});

test("§2.2.4 an end in the future comes at its time, and no later news puts it off", () => {
  credentials.watch(ACCOUNT, "old", "a", place);
  credentials.end(ACCOUNT, [{ credential: "old", at_ms: Date.now() + 5_000 }]);
  credentials.end(ACCOUNT, [{ credential: "old", at_ms: Date.now() + 9_000 }]);
  credentials.end(ACCOUNT, [{ credential: "old", at_ms: null }]);
  vi.advanceTimersByTime(4_999);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["a invalid_credential"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("§2.2.6 an end further away than a timer reaches ends nothing before its time", () => {
  const farMs = 60 * 86_400_000;
  credentials.watch(ACCOUNT, "key", "a", place);
  credentials.end(ACCOUNT, [{ credential: "key", at_ms: Date.now() + farMs }]);
  vi.advanceTimersByTime(farMs - 1);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["a invalid_credential"]);
});

test("§2.13.1 a connection with an end of its own ends then, and no other of its credential", () => {
  const farMs = 30 * 86_400_000;
  for (const connection of ["a", "b", "c"]) {
    credentials.watch(ACCOUNT, "external", connection, place);
  }
  credentials.endAt("a", place, Date.now() + farMs);
  credentials.endAt("b", place, Date.now() + 1_000);
  credentials.forget(ACCOUNT, "b");
  vi.advanceTimersByTime(farMs - 1);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(["a invalid_credential"]);
  expect(vi.getTimerCount()).toBe(0);
  credentials.endAt("c", place, Date.now());
  expect(ended).toEqual(["a invalid_credential", "c invalid_credential"]);
});

test("a connection that is forgotten leaves no timer and nothing to ask for", async () => {
  credentials.watch(ACCOUNT, "old", "a", place);
  credentials.end(ACCOUNT, [{ credential: "old", at_ms: Date.now() + 5_000 }]);
  credentials.forget(ACCOUNT, "a");
  expect(vi.getTimerCount()).toBe(0);
  await credentials.checkAll();
  expect(asked).toEqual([]);
});

test("§2.2.4 what the directory doesn't name any more ends, also when its news was lost", async () => {
  credentials.watch(ACCOUNT, "old", "a", place);
  credentials.watch(ACCOUNT, "newer", "b", place);
  credentials.watch(ACCOUNT, "newest", "c", place);
  live = () => [
    { credential: "newer", at_ms: Date.now() + 1_000 },
    { credential: "newest", at_ms: null },
  ];
  await credentials.checkAll();
  expect(ended).toEqual(["a invalid_credential"]);
  vi.advanceTimersByTime(1_000);
  expect(ended).toEqual(["a invalid_credential", "b invalid_credential"]);
  live = () => null;
  await credentials.round();
  expect(ended).toHaveLength(3);
});

test("a round asks for some accounts, the next one for the others, and a failure ends nothing", async () => {
  const accounts = Array.from({ length: 70 }, (_, n) => `acc_${n}` as AccountId);
  for (const account of accounts) credentials.watch(account, "hash", `c-${account}`, place);
  live = () => [{ credential: "hash", at_ms: null }];
  await credentials.round();
  expect(asked).toHaveLength(50);
  await credentials.round();
  expect(new Set(asked).size).toBe(70);
  live = () => {
    throw new DirectoryUnavailable("away");
  };
  await expect(credentials.round()).rejects.toThrow(DirectoryUnavailable);
  expect(ended).toEqual([]);
});
