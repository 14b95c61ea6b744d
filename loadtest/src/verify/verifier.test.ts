/** What one subscriber hears, frame by frame. */
import { expect, test } from "vitest";
import { readPayload, writePayload } from "./payload.ts";
import { emptyTally, faultsOf } from "./tally.ts";
import { Verifier } from "./verifier.ts";

const OWN = `str_${"0".repeat(26)}`;
const EMITTER = `str_${"1".repeat(26)}`;
const STRANGER = `str_${"2".repeat(26)}`;
const BYTES = 32;
const NOW_US = 5_000_000;

function verifierOf(listens = true) {
  const tally = emptyTally();
  const latencies: number[] = [];
  const verifier = new Verifier({
    namePrefix: "load-1-",
    payloadBytes: BYTES,
    listens,
    fromStart: true,
    tally,
    now: () => NOW_US,
    onLatency: (latencyUs) => latencies.push(latencyUs),
  });
  const hear = (frame: object) => verifier.receive(JSON.stringify(frame));
  hear({ type: "joined", stream_id: OWN, epoch: 7, peers: [] });
  const token = (n: number, more: object = {}) =>
    hear({
      type: "token",
      stream_id: EMITTER,
      stream_name: "load-1-e0",
      seq: `3-${n}`,
      data: writePayload(n - 1, NOW_US - 250, BYTES),
      ...more,
    });
  return { verifier, tally, latencies, hear, token };
}

test("a token counts once, with the time since it was meant to be sent", () => {
  const { verifier, tally, latencies, token } = verifierOf();
  token(1);
  token(2);
  token(2);
  expect(tally).toEqual({ ...emptyTally(), received: 2, doubled: 1 });
  expect(latencies).toEqual([250, 250]);
  expect(verifier.own).toEqual({ streamId: OWN, epoch: 7 });
});

test("§5.1 the own token is a self-delivery", () => {
  const { tally, token } = verifierOf();
  token(1, { stream_id: OWN, stream_name: "load-1-s0" });
  expect(tally).toEqual({ ...emptyTally(), selfDelivered: 1 });
});

test("§5.10 a token at a connection that asked for none is a fault, and no delivery", () => {
  const { tally, token } = verifierOf(false);
  token(1);
  token(1, { stream_id: STRANGER, stream_name: "somebody" });
  expect(tally).toEqual({ ...emptyTally(), unasked: 2 });
  expect(faultsOf(tally)).toBe(2);
});

test("§8.6 a token that is not the one sent at its place is altered, and so is one of another size", () => {
  const { tally, token } = verifierOf();
  token(1);
  token(2, { data: writePayload(7, NOW_US, BYTES) });
  expect(tally.altered).toBe(1);
  token(3, { data: "short" });
  expect(tally.altered).toBe(2);
});

test("a token that was lost before the broker numbered it shows at the next one", () => {
  const { tally, token } = verifierOf();
  token(1);
  token(2, { data: writePayload(2, NOW_US, BYTES) });
  token(3, { data: writePayload(3, NOW_US, BYTES) });
  expect(tally.altered).toBe(1);
});

test("tokens of strangers are checked and not measured", () => {
  const { tally, latencies, token } = verifierOf();
  const stranger = { stream_id: STRANGER, stream_name: "somebody", data: "hello" };
  token(5, stranger);
  token(8, stranger);
  expect(tally).toEqual({ ...emptyTally(), foreign: 2, lost: 2 });
  expect(latencies).toEqual([]);
});

test("what has not come when the books are closed is lost", () => {
  const { verifier, tally, token } = verifierOf();
  token(1);
  const sent = [
    { streamId: EMITTER, conversation: 0, last: { epoch: 3, n: 4 } },
    { streamId: STRANGER, conversation: 0, last: { epoch: 4, n: 2 } },
    { streamId: OWN, conversation: 0, last: { epoch: 7, n: 9 } },
  ];
  expect(verifier.outstanding(sent)).toBe(5);
  verifier.settle(sent);
  expect(tally).toEqual({ ...emptyTally(), received: 1, lost: 5 });
});

test("who was away misses nothing of that time, and is held to everything after it", () => {
  const { verifier, tally, token, hear } = verifierOf();
  token(1);
  verifier.away();
  const sent = (n: number) => [{ streamId: EMITTER, conversation: 0, last: { epoch: 3, n } }];
  expect(verifier.outstanding(sent(9))).toBe(0);
  hear({ type: "joined", stream_id: OWN, epoch: 8, peers: [] });
  token(5);
  token(7);
  expect(verifier.outstanding(sent(9))).toBe(2);
  verifier.settle(sent(9));
  expect(tally).toEqual({ ...emptyTally(), received: 3, away: 3, lost: 3 });
});

test("§4.6.3 the last seq of a stream that leaves shows a lost tail; §4.7 what is reported is not lost", () => {
  const { tally, hear, token } = verifierOf();
  hear({
    type: "x_gap",
    stream_id: EMITTER,
    after: null,
    before: "3-4",
    reason: "bus_interrupted",
  });
  token(4);
  expect(tally).toEqual({ ...emptyTally(), gapsReported: 1, received: 1 });
  hear({ type: "stream_left", stream_id: EMITTER, stream_name: "load-1-e0", seq: "3-6" });
  expect(tally.lost).toBe(2);
});

test("§4.9 who was sent to another gateway goes on there without blame", () => {
  const { tally, hear, token } = verifierOf();
  token(1);
  hear({ type: "joined", stream_id: OWN, epoch: 9, peers: [] });
  token(5);
  expect(tally).toEqual({ ...emptyTally(), received: 2, framesReported: 3 });
});

test("§4.2 unknown frames are nothing, §4.1 texts that are no frames are faults", () => {
  const { verifier, tally, hear, token } = verifierOf();
  hear({ type: "x_new" });
  hear({ type: "pong" });
  expect(tally).toEqual(emptyTally());
  for (const text of ["", "{", "7", "null", '{"type":3}', '{"type":"token"}'])
    verifier.receive(text);
  token(1, { seq: "one" });
  expect(tally.unreadable).toBe(7);
});

test("a payload says its index and time again, in any size", () => {
  for (const bytes of [24, 64, 65_536]) {
    const text = writePayload(123_456, 987_654_321_012, bytes);
    expect(text).toHaveLength(bytes);
    expect(readPayload(text)).toEqual({ index: 123_456, intendedUs: 987_654_321_012 });
  }
  for (const text of ["", "hello", "a.b", "..", ". .", "!.?.x"])
    expect(readPayload(text)).toBe(null);
});
