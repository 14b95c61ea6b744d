/**
 * Server frames as they are written: each is JSON that the schema accepts and that says what was
 * given.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DATA_KEY,
  encodeDrain,
  encodeGap,
  encodeJoined,
  encodePeer,
  encodeReceipt,
  encodeStreamJoined,
  encodeStreamLeft,
  encodeStreamMetadata,
  encodeTokenHead,
  PONG,
  SEQ_KEY,
} from "./encode.ts";
import type { Joined, Peer } from "./frames.ts";
import { type JsonText, trustJsonText } from "./json.ts";
import { serverFrame } from "./schema.ts";
import { formatSeq } from "./seq.ts";

const ts = "2026-01-31T12:00:00.000Z";
const hex = fc.stringMatching(/^[0-9a-f]{26}$/);
const object = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }));
const objectText = object.map((value) => trustJsonText(JSON.stringify(value)));
const identityText = fc
  .record(
    { kind: fc.constantFrom("agent", "human"), model: fc.string(), client: fc.string() },
    { requiredKeys: ["kind"] },
  )
  .map((value) => trustJsonText(JSON.stringify(value)));

const peer: fc.Arbitrary<Peer> = fc
  .record({
    stream_id: hex.map((digits) => `str_${digits}`),
    stream_name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
    owner_account_id: hex.map((digits) => `acc_anon_${digits}`),
    peer_identity: fc.option(identityText),
    metadata: objectText,
  })
  .map((record) => record as unknown as Peer);

const joined: fc.Arbitrary<Joined> = fc
  .record({
    conversation_id: fc.stringMatching(/^[0-9a-f]{64}$/).map((digits) => `conv_${digits}`),
    stream: peer,
    conversation_metadata: objectText,
    self_subscribe: fc.boolean(),
    subscribed_streams: fc.option(fc.array(hex.map((digits) => `str_${digits}`))),
    resumed: fc.boolean(),
    epoch: fc.integer({ min: 1 }),
    ts: fc.constant(ts),
    peers: fc.oneof(fc.array(peer, { maxLength: 4 }), fc.nat({ max: 10_000 })),
    kept: fc.option(
      fc.record({
        replay: fc.record({ ttl_s: fc.integer({ min: 1 }), max_bytes: fc.integer({ min: 1 }) }),
        cursor: fc.stringMatching(/^[0-9a-f]{33}$/),
      }),
    ),
  })
  .map((record) => record as unknown as Joined);

/** The frame as a client reads it; the schema knows every member of it. */
function read(text: string): Record<string, unknown> {
  const value = JSON.parse(text);
  expect(serverFrame.parse(value)).toEqual(value);
  return value;
}

/** What a stream looks like on any frame of it. */
function identity(stream: Peer) {
  const { stream_id, stream_name, owner_account_id, peer_identity } = stream;
  const shown = { stream_id, stream_name, owner_account_id };
  return peer_identity === null ? shown : { ...shown, peer_identity: JSON.parse(peer_identity) };
}

const shownPeer = (stream: Peer) => ({
  ...identity(stream),
  metadata: JSON.parse(stream.metadata),
});

test("§4.5.1 joined says all that was given and nothing else", () => {
  fc.assert(
    fc.property(joined, (given) => {
      expect(read(encodeJoined(given))).toEqual({
        type: "joined",
        conversation_id: given.conversation_id,
        ...shownPeer(given.stream),
        conversation_metadata: JSON.parse(given.conversation_metadata),
        self_subscribe: given.self_subscribe,
        ...(given.resumed ? { resumed: true } : {}),
        ...(given.subscribed_streams === null
          ? {}
          : { subscribed_streams: given.subscribed_streams }),
        ts,
        epoch: given.epoch,
        ...given.kept,
        ...(typeof given.peers === "number"
          ? { peers: [], peer_count: given.peers }
          : { peers: Array.from(given.peers, shownPeer) }),
      });
    }),
    { numRuns: 500 },
  );
});

test("§4.5.3 peer_identity rides on every frame that names a stream which has one", () => {
  fc.assert(
    fc.property(peer, fc.option(fc.nat()), (stream, n) => {
      const seq = n === null ? null : formatSeq(2, n);
      const left = { type: "stream_left", ...identity(stream), ts };
      expect(JSON.parse(encodePeer(stream))).toEqual(shownPeer(stream));
      expect(read(encodeStreamJoined(stream, ts))).toEqual({
        type: "stream_joined",
        ...shownPeer(stream),
        ts,
      });
      expect(read(encodeStreamLeft(stream, ts, seq))).toEqual(
        seq === null ? left : { ...left, seq },
      );
      expect(read(encodeStreamMetadata(stream, stream.metadata, ts, { epoch: 3, n: 7 }))).toEqual({
        type: "stream_metadata",
        ...shownPeer(stream),
        ts,
        seq: "3-7",
      });
    }),
  );
});

test("§8.6 a token's data is in its frame as the emitter wrote it", () => {
  const data = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.constantFrom('"\\u0041\\/"', '"\\ud800"', '""', '"\u2028"'),
  );
  fc.assert(
    fc.property(peer, data, (stream, raw) => {
      const text = `${encodeTokenHead(stream)}${ts}${SEQ_KEY}3-127${DATA_KEY}${raw}}`;
      expect(text).toContain(raw);
      expect(read(text)).toEqual({
        type: "token",
        ...identity(stream),
        ts,
        seq: "3-127",
        data: JSON.parse(raw),
      });
    }),
  );
});

test("§1.7 metadata keeps its digits in every frame that carries it", () => {
  const metadata = trustJsonText('{"big":12345678901234567890.10,"a":1e400}') as JsonText;
  fc.assert(
    fc.property(peer, (stream) => {
      const precise = { ...stream, metadata };
      expect(encodeStreamJoined(precise, ts)).toContain(metadata);
      expect(encodePeer(precise)).toContain(metadata);
      expect(encodeStreamMetadata(stream, metadata, ts, { epoch: 1, n: 1 })).toContain(metadata);
    }),
    { numRuns: 20 },
  );
});

test("§4.7 x_gap shows what is known and null for what isn't", () => {
  const seq = fc.option(fc.nat().map((n) => formatSeq(4, n)));
  fc.assert(
    fc.property(peer, seq, seq, ({ stream_id }, after, before) => {
      const gap = { stream_id, after, before, reason: "bus_interrupted" } as const;
      expect(read(encodeGap(gap))).toEqual({ type: "x_gap", ...gap });
    }),
  );
});

test("§4.8 x_receipt, §4.9 x_drain and pong are frames", () => {
  expect(read(encodeReceipt("3-9", ts))).toEqual({ type: "x_receipt", seq: "3-9", ts });
  expect(read(encodeDrain(1_500))).toEqual({ type: "x_drain", reconnect_after_ms: 1_500 });
  expect(read(PONG)).toEqual({ type: "pong" });
});
