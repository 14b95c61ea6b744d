// What arrives on a channel is an event of this version, or nothing: no payload throws, and none is
// half an event.
import type { AccountId, JsonText, StreamId, StreamName } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ChannelEvent,
  decodeDeploymentEvent,
  decodeEvent,
  EVENT_BYTES_MAX,
  encodeEvent,
} from "./events.ts";

const ts = "2026-01-31T12:00:00.000Z";
const stream_id = "str_0123456789abcdef0123456789" as StreamId;
const claimed: ChannelEvent = {
  kind: "claimed",
  entry: {
    stream_id,
    stream_name: "lead" as StreamName,
    owner_account_id: "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ" as AccountId,
    peer_identity: null,
    metadata: "{}" as JsonText,
    joined_at: ts,
    epoch: 3,
    metadata_n: 0,
    gateway: "g",
    connection: "c",
    link: 1,
  },
  displaced: { gateway: "g", connection: "b", epoch: 2 },
};
const EVENTS: readonly ChannelEvent[] = [
  claimed,
  { ...claimed, displaced: null },
  { kind: "left", stream_id, epoch: 3, n: null, ts },
  { kind: "left", stream_id, epoch: 3, n: 17, ts },
  { kind: "mark", mark: "m", tails: true },
  { kind: "links_revoked", up_to: 2 },
  { kind: "link_revoked", links: [3, 7] },
  { kind: "closed" },
  { kind: "yielded", stream_id, epoch: 3, n: null, ts: null },
  { kind: "yielded", stream_id, epoch: 3, n: 17, ts },
  { kind: "tail", stream_id, epoch: 3, n: 17 },
];
const deleted = { kind: "account_deleted", account_id: "acc_1" as AccountId } as const;
const ends = [
  { credential: "hash", at_ms: 1_700_000_000_000 },
  { credential: "other", at_ms: null },
];
const ended = { ...deleted, kind: "credentials_end", ends } as const;

test("every event reads back as it was written, also with members of a later version", () => {
  for (const event of EVENTS) {
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
    expect(decodeEvent(Buffer.from(JSON.stringify({ ...event, later: 1 })))).toMatchObject(event);
    expect(decodeDeploymentEvent(encodeEvent(event))).toBeNull();
  }
  const notice = { kind: "notice", account_id: null, level: "info", text: "x" } as const;
  const used = { kind: "rates_used", from: "g", used: [[deleted.account_id, 1, 2, 3]] } as const;
  for (const wrong of [
    { ...notice, level: "loud" },
    { ...notice, text: "" },
    { ...used, used: [1] },
  ])
    expect(decodeDeploymentEvent(JSON.stringify(wrong))).toBeNull();
  const limits = { ...deleted, kind: "limits_changed" } as const;
  for (const event of [deleted, ended, limits, { kind: "plans_changed" } as const, notice, used]) {
    expect(decodeDeploymentEvent(encodeEvent(event))).toEqual(event);
    expect(decodeEvent(encodeEvent(event))).toBeNull();
  }
  for (const wrong of [null, {}, "", [null], [{}], [{ credential: "hash", at_ms: -1 }]])
    expect(decodeDeploymentEvent(JSON.stringify({ ...ended, ends: wrong }))).toBeNull();
  expect(decodeDeploymentEvent(JSON.stringify({ ...ended, account_id: 1 }))).toBeNull();
});

test("the largest claim that the protocol allows is read", () => {
  const metadata = JSON.stringify({ x: '"'.repeat(8_100) }) as JsonText;
  const peer_identity = `"${"\\u0007".repeat(170)}"` as JsonText;
  const event = { ...claimed, entry: { ...claimed.entry, metadata, peer_identity } };
  expect(decodeEvent(encodeEvent(event))).toEqual(event);
});

test("an event without one of its members, or with one of another type, is none", () => {
  const wrong: readonly unknown[] = [
    undefined,
    {},
    [],
    true,
    -1,
    1.5,
    2 ** 60,
    "",
    "x".repeat(300),
  ];
  const nullable = new Set(["displaced", "n", "ts", "peer_identity", "metadata", "tails"]);
  const isRightFor = (key: string, value: unknown) =>
    (key === "metadata" && typeof value === "string") ||
    (key === "peer_identity" && typeof value === "string") ||
    (key === "tails" && typeof value === "boolean") ||
    (nullable.has(key) && value === null);
  for (const event of EVENTS) {
    for (const key of Object.keys(event)) {
      for (const value of wrong) {
        if (isRightFor(key, value)) continue;
        expect(
          decodeEvent(JSON.stringify({ ...event, [key]: value })),
          `${key} ${value}`,
        ).toBeNull();
      }
    }
  }
  for (const key of Object.keys(claimed.entry)) {
    for (const value of wrong) {
      if (isRightFor(key, value)) continue;
      const event = { ...claimed, entry: { ...claimed.entry, [key]: value } };
      expect(decodeEvent(JSON.stringify(event)), `entry.${key} ${value}`).toBeNull();
    }
  }
});

test("no payload throws: any text, any JSON, cut, nested deep, or too long", () => {
  const whole = encodeEvent(claimed);
  for (let end = 0; end < whole.length; end += 1) {
    expect(decodeEvent(whole.slice(0, end))).toBeNull();
  }
  for (const open of ["[", '{"kind":', '{"kind":"claimed","entry":[']) {
    expect(decodeEvent(open.repeat(10_000))).toBeNull();
  }
  const long = JSON.stringify({ kind: "closed", later: "x".repeat(EVENT_BYTES_MAX) });
  expect(decodeEvent(long)).toBeNull();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (payload) => {
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      expect(decodeEvent(bytes)).toBeNull();
      expect(decodeDeploymentEvent(bytes)).toBeNull();
    }),
    { numRuns: 1_000, seed: 1 },
  );
});
