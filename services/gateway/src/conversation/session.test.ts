// One subscriber: what it may say, what comes of it, and how it ends (§4.3, §4.4).
import { decodeEvent } from "@ams/directory";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { endOfTurn, entryOf } from "../testing/fakes.ts";
import { type JoinedSession, Rig, textOf } from "../testing/rig.ts";

const UNLIMITED = { perSecond: 0, burst: 1 };

let rig: Rig;
let emitter: JoinedSession;
let reader: JoinedSession;

beforeEach(() => {
  rig = new Rig();
  reader = rig.join(entryOf(2, 1));
  emitter = rig.join(entryOf(1, 2));
  reader.socket.heard.length = 0;
});

const say = (text: string, { session } = emitter) => session.received(textOf(text), false);
const token = (data: string) => `{"type":"token","data":${data}}`;
const typesAt = ({ socket }: JoinedSession) => socket.frames().map(({ type }) => type);

test("§4.3 tokens in whatever spelling reach the others, numbered from 1, and not the emitter", async () => {
  say(token('"plain"'));
  say('{ "data" : "e\\u0073c" , "type" : "token", "x": 1 }');
  say(token('""'));
  await endOfTurn();
  expect(reader.socket.frames()).toMatchObject([
    { type: "token", seq: "2-1", data: "plain" },
    { type: "token", seq: "2-2", data: "esc" },
    { type: "token", seq: "2-3", data: "" },
  ]);
  expect(emitter.socket.heard).toEqual([]);
});

test("§4.3 set_metadata is a frame of the stream, sent to others, and kept for later joiners", async () => {
  say('{"type":"set_metadata","metadata":{"a": 1.50}}');
  say(token('"x"'));
  await endOfTurn();
  expect(reader.socket.frames()).toMatchObject([
    { type: "stream_metadata", seq: "2-1", metadata: { a: 1.5 } },
    { type: "token", seq: "2-2" },
  ]);
  expect(rig.asked).toContain('metadata connection-2 {"a":1.50}');
  expect(emitter.session.stream.entry).toMatchObject({ metadata: '{"a":1.50}', metadata_n: 1 });
});

test("§4.3 ping is answered pong to who sent it; §4.2 an unknown x_ type is passed over", () => {
  say('{"type":"ping"}');
  say('{"type":"x_hello","data":5}');
  expect(emitter.socket.heard).toEqual(['{"type":"pong"}']);
  expect(reader.socket.heard).toEqual([]);
  expect(emitter.socket.ended).toBeNull();
});

test.each([
  token('"x"'),
  '{ "data":"esc\\u0073", "type":"token" }',
  '{"type":"set_metadata","metadata":{}}',
])(
  "§2.7.8 %s of a link that is read-only ends the socket, and nobody hears of it",
  async (text) => {
    const quiet = rig.join(entryOf(3, 3), { isReadOnly: true });
    reader.socket.heard.length = 0;
    say('{"type":"ping"}', quiet);
    say('{"type":"x_hello"}', quiet);
    expect([quiet.socket.heard.at(-1), quiet.socket.ended]).toEqual(['{"type":"pong"}', null]);
    say(text, quiet);
    await endOfTurn();
    expect(quiet.socket.ended).toBe("read_only_link");
    expect(typesAt(reader)).toEqual(["stream_left"]);
  },
);

describe("§4.4 a faulty frame", () => {
  test.each([
    ["no JSON", "nope", "malformed_frame"],
    ["no object", "[]", "malformed_frame"],
    ["no type", '{"data":"x"}', "malformed_frame"],
    ["no data", '{"type":"token"}', "malformed_frame"],
    ["one byte too much", token(`"${"x".repeat(65_537)}"`), "malformed_frame"],
    ["metadata that is no object", '{"type":"set_metadata","metadata":[]}', "malformed_frame"],
    ["an unknown type", '{"type":"y_x"}', "unknown_frame_type"],
  ] as const)(
    "%s ends the socket that sent it, and its stream leaves",
    async (_name, text, fault) => {
      say(token('"before"'));
      say(text);
      say(token('"behind"'));
      expect(emitter.socket.ended).toBe(fault);
      expect(typesAt(reader)).toEqual(["token", "stream_left"]);
      expect(reader.socket.frames()[1]).toMatchObject({ seq: "2-1" });
      expect(reader.socket.ended).toBeNull();
      expect(await rig.metrics.value("ams_gateway_frame_faults_total", { reason: fault })).toBe(1);
    },
  );

  test("a binary message is one, also when its bytes are a frame", () => {
    emitter.session.received(textOf(token('"x"')), true);
    expect(emitter.socket.ended).toBe("malformed_frame");
  });
});

test("§4.4.3 frames and bytes over the rate end the socket, and what came before is delivered", () => {
  const frames = { perSecond: 10, burst: 2 };
  const bytes = { perSecond: 100, burst: 100 };
  const byFrames = rig.join(entryOf(3, 3), { rates: { frames, bytes: UNLIMITED } });
  for (let n = 0; n < 3; n += 1) say(token('"x"'), byFrames);
  expect(byFrames.socket.ended).toBe("rate_limited");
  const byBytes = rig.join(entryOf(4, 4), { rates: { frames: UNLIMITED, bytes } });
  say(token(`"${"x".repeat(60)}"`), byBytes);
  expect(byBytes.socket.ended).toBeNull();
  rig.nowMs += 500;
  say(token(`"${"x".repeat(60)}"`), byBytes);
  expect(byBytes.socket.ended).toBe("rate_limited");
  expect(typesAt(reader)).toEqual([
    "stream_joined",
    "token",
    "token",
    "stream_left",
    "stream_joined",
    "token",
    "stream_left",
  ]);
});

test("§4.4.3 JSON that has to be read is paid for in bytes, and what is passed over unread is not", () => {
  const bytes = { perSecond: 1, burst: 95_000 };
  const terms = { rates: { frames: UNLIMITED, bytes } };
  const nested = (type: string) => `{"type":"${type}","d":[${"[],".repeat(1_000)}0]}`;
  const skipped = rig.join(entryOf(3, 3), terms);
  for (let n = 0; n < 30; n += 1) say(nested("x_a"), skipped);
  expect(skipped.socket.ended).toBeNull();
  const read = rig.join(entryOf(4, 4), terms);
  say(nested("ping"), read);
  expect(read.socket.frames().filter(({ type }) => type === "pong")).toHaveLength(0);
  expect(read.socket.ended).toBe("rate_limited");
  const plain = rig.join(entryOf(5, 5), terms);
  for (let n = 0; n < 1_000; n += 1) say('{"type":"token","data":"a\\nb","x":[]}', plain);
  expect(plain.socket.ended).toBeNull();
});

test("§4.4.6 an x_ frame of 1 MiB is passed over without being decoded; any other frame of more than 512 KiB isn't read", () => {
  const decode = vi.spyOn(Buffer.prototype, "toString");
  try {
    say(`{"type":"x_a","d":[${"[],".repeat(349_000)}0]}`);
    expect(emitter.socket.ended).toBeNull();
    say(`{"d":[${"[],".repeat(349_000)}0],"type":"x_a"}`);
    expect(emitter.socket.ended).toBe("malformed_frame");
    expect(decode).not.toHaveBeenCalled();
  } finally {
    decode.mockRestore();
  }
});

test("§4.5.2 a session that the gateway closes does not hear its own stream leave; the others do, once", () => {
  emitter.session.close("link_revoked");
  emitter.session.close("draining");
  emitter.session.gone();
  expect(emitter.socket.heard).toEqual([]);
  expect(emitter.socket.ended).toBe("link_revoked");
  expect(typesAt(reader)).toEqual(["stream_left"]);
  expect(rig.released).toBe(1);
  expect(rig.asked.filter((step) => step !== "release connection-2")).toEqual([
    "leave connection-2 0",
  ]);
});

test("§4.8 receipts come for tokens and metadata, in order, once the bus has taken them", async () => {
  const asking = rig.join(entryOf(3, 3), { receipts: true });
  say(token('"x"'), asking);
  say('{"type":"set_metadata","metadata":{}}', asking);
  expect(asking.socket.heard).toEqual([]);
  await endOfTurn();
  await endOfTurn();
  expect(asking.socket.frames()).toMatchObject([
    { type: "x_receipt", seq: "3-1" },
    { type: "x_receipt", seq: "3-2" },
  ]);
});

test("§3.5 whose stream is taken over is closed, says how far it came, and leaves nothing", () => {
  say(token('"last"'));
  rig.event({
    kind: "claimed",
    entry: entryOf(1, 5, { gateway: "gateway-b" }),
    displaced: entryOf(1, 2),
  });
  emitter.session.gone();
  say(token('"late"'));
  expect(emitter.socket.ended).toBe("stream_displaced");
  expect(typesAt(reader)).toEqual(["token"]);
  expect(rig.asked).toEqual(["release connection-2"]);
  const [batch, event, ...rest] = rig.bus.published.map(({ payload }) => payload);
  expect(batch?.includes("last")).toBe(true);
  expect(decodeEvent(event?.toString() ?? "")).toMatchObject({ kind: "yielded", epoch: 2, n: 1 });
  expect(rest).toEqual([]);
});

test("§4.4.3 what has to be parsed beyond a turn's share waits for the next turn, in order, and others are served between", async () => {
  const other = rig.join(entryOf(4, 4));
  const spaces = " ".repeat(100_000);
  for (let n = 0; n < 30; n += 1) say(`{"type":"ping"${spaces}}`);
  say(token('"after"'));
  const pongs = () => typesAt(emitter).filter((type) => type === "pong").length;
  const first = pongs();
  expect(first).toBeGreaterThan(5);
  expect(first).toBeLessThan(15);
  say(token('"of another"'), other);
  await endOfTurn();
  expect(reader.socket.heard.at(-1)).toContain("of another");
  for (let turn = 0; turn < 10; turn += 1) await endOfTurn();
  expect(pongs()).toBe(30);
  expect(reader.socket.heard.at(-1)).toContain("after");
  expect(emitter.socket.ended).toBeNull();
});

test("§4.4.3 more than may wait to be parsed is 4290 rate_limited", () => {
  const spaces = " ".repeat(100_000);
  for (let n = 0; n < 120; n += 1) say(`{"type":"ping"${spaces}}`);
  expect(emitter.socket.ended).toBe("rate_limited");
});

test("§4.4.3 what waits to be parsed is copied once, however many turns it waits, and senders take turns", async () => {
  const senders = [4, 5, 6, 7].map((n) => rig.join(entryOf(n, n)));
  const copies = vi.spyOn(ArrayBuffer.prototype, "slice");
  const spaces = " ".repeat(100_000);
  for (const sender of senders)
    for (let n = 0; n < 40; n += 1) say(`{"type":"ping"${spaces}}`, sender);
  const counts = () =>
    senders.map((sender) => typesAt(sender).filter((type) => type === "pong").length);
  for (let turn = 0; turn < 5; turn += 1) await endOfTurn();
  expect(Math.min(...counts())).toBeGreaterThan(0);
  for (let turn = 0; turn < 20; turn += 1) await endOfTurn();
  expect(counts()).toEqual([40, 40, 40, 40]);
  expect(copies.mock.calls.length).toBeLessThanOrEqual(160);
  copies.mockRestore();
});
