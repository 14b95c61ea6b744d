/** §4.1 to §4.5: what a client may send, what its faults do, what the broker sends. */
import { expect, test } from "vitest";
import { account, HERE, mint, offer, THERE } from "./driver.ts";
import { base64, join, type Subscriber } from "./subscriber.ts";

const LIMIT = 65_536;
const bytesOf = (text: string) => Buffer.byteLength(text);

/**
 * Two subscribers of one conversation, on two gateways, where the first has been heard of by the
 * second.
 */
async function pair(): Promise<{ readonly sender: Subscriber; readonly reader: Subscriber }> {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const sender = await join(minted, { as: ann, name: "sender", at: HERE });
  await reader.next("stream_joined");
  return { sender, reader };
}

/** Data of `size` bytes made of this unit. */
function filled(unit: string, size: number): string {
  const each = bytesOf(unit);
  return unit.repeat(Math.floor(size / each)) + "b".repeat(size % each);
}

test("§4.3 a token reaches the others with stream, time, seq and data", async () => {
  const { sender, reader } = await pair();
  sender.say("Hello");
  const token = await reader.next("token");
  expect(token).toMatchObject({
    stream_id: sender.id,
    stream_name: "sender",
    owner_account_id: sender.joined.owner_account_id,
    data: "Hello",
    seq: `${sender.joined.epoch}-1`,
  });
  expect(Math.abs(Date.parse(token.ts) - Date.now())).toBeLessThan(60_000);
});

test("§4.3.1 data arrives as the same string, whatever it is and however it is spelled", async () => {
  const { sender, reader } = await pair();
  const strings = [
    "",
    " ",
    "é",
    "😀",
    "\u0000\u001f\u007f",
    '"\\/',
    "\n\r\t",
    "\u2028\u2029\ufeff",
    "\ud800",
    '{"type":"token"}',
    "</script>",
  ];
  for (const data of strings) {
    const escaped = [...data].map(escapeOf).join("");
    for (const text of [
      JSON.stringify({ type: "token", data }),
      `{ "data" : "${escaped}" ,\n"type":"token" }`,
    ]) {
      sender.send(text);
      const token = await reader.next("token");
      expect(token.data, `sent as ${text}`).toBe(data);
    }
  }
});

test("§8.6 the raw text of data isn't changed on its way", async () => {
  const { sender, reader } = await pair();
  sender.send('{"type":"token","data":"\\u0041\\/\\ud800"}');
  await reader.next("token");
  expect(reader.texts.at(-1)).toContain('"data":"\\u0041\\/\\ud800"');
});

test("§4.3.1 data of exactly 65,536 bytes passes, in every spelling, to every gateway", async () => {
  const { sender, reader } = await pair();
  for (const unit of ["a", "é", "€", "😀", "\n", '"']) {
    const data = filled(unit, LIMIT);
    expect(bytesOf(data)).toBe(LIMIT);
    sender.say(data);
    const token = await reader.next("token");
    expect(token.data === data, `65,536 bytes of ${JSON.stringify(unit)} arrived changed`).toBe(
      true,
    );
  }
  sender.send(`{"type":"token","data":"${"\\u20ac".repeat(21_845)}b"}`);
  expect((await reader.next("token")).data === `${"€".repeat(21_845)}b`).toBe(true);
  sender.send(`{"type":"token","data":"${"\\ud800".repeat(21_845)}b"}`);
  expect((await reader.next("token")).data).toHaveLength(21_846);
});

test("§4.3.1 one byte more than 65,536 is malformed, in every spelling", async () => {
  for (const unit of ["a", "é", "😀", "\n"]) {
    const { sender, reader } = await pair();
    sender.say(filled(unit, LIMIT + 1));
    await expectFault(sender, reader, "malformed_frame");
  }
});

test("§4.3 set_metadata replaces the stream's metadata and notifies the others, digit for digit", async () => {
  const { sender, reader } = await pair();
  const metadata = '{"b":12345678901234567890.10,"a":{"__proto__":[1e400,"\\u0041"]}}';
  sender.send(`{"type":"set_metadata","metadata":${metadata}}`);
  expect(await reader.next("stream_metadata")).toMatchObject({
    stream_id: sender.id,
    stream_name: "sender",
    seq: `${sender.joined.epoch}-1`,
  });
  expect(reader.texts.at(-1)).toContain(`"metadata":${metadata}`);
  sender.send({ type: "set_metadata", metadata: {} });
  expect((await reader.next("stream_metadata")).metadata).toEqual({});
});

test("§5.11 who joins later finds the latest metadata in the roster, on every gateway", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sender = await join(minted, { as: ann, name: "sender", at: HERE });
  for (const at of [HERE, THERE]) {
    for (const n of [1, 2, 3]) sender.send({ type: "set_metadata", metadata: { n, at } });
    await sender.drained();
    const late = await join(minted, { as: bob, at });
    // Whoever was late before may still be leaving.
    const peer = late.joined.peers.find(({ stream_name }) => stream_name === "sender");
    const inRoster = peer?.metadata;
    const received = late.frames.findLast((f) => f.type === "stream_metadata")?.metadata;
    if (received === undefined && JSON.stringify(inRoster) !== JSON.stringify({ n: 3, at })) {
      await late.next(
        "stream_metadata",
        ({ metadata }) => JSON.stringify(metadata) === JSON.stringify({ n: 3, at }),
      );
    }
    late.leave();
  }
});

test("§4.3.2 metadata of 16,384 bytes of compact JSON passes, and one byte more is malformed", async () => {
  const { sender, reader } = await pair();
  const frame = (inside: number) =>
    `{"type":"set_metadata","metadata":{ "é" : [ "${"x".repeat(inside - 11)}" ] }}`;
  sender.send(frame(16_384));
  await reader.next("stream_metadata");
  sender.send(frame(16_385));
  await expectFault(sender, reader, "malformed_frame");
});

test("§4.5 ping is answered by pong, in its place among the frames", async () => {
  const { sender } = await pair();
  sender.send('{"type":"ping","more":[1,{"type":"token"}]}');
  expect(await sender.next("pong")).toEqual({ type: "pong" });
});

test("§4.2 unknown members and unknown x_ types are ignored, without an answer", async () => {
  const { sender, reader } = await pair();
  sender.send({ type: "x_future", data: { any: [1] } });
  sender.send({ type: "x_" });
  sender.send({ type: "token", data: "a", metadata: 1, stream_id: reader.id, seq: "9-9", ts: "x" });
  const token = await reader.next("token");
  expect(token).toMatchObject({ data: "a", stream_id: sender.id, seq: `${sender.joined.epoch}-1` });
  await sender.drained();
  expect(sender.frames.map(({ type }) => type)).toEqual(["joined", "pong"]);
});

test("§1.9 of a key that stands twice the last one counts", async () => {
  const { sender, reader } = await pair();
  sender.send('{"type":"ping","type":"token","data":1,"data":"last"}');
  expect((await reader.next("token")).data).toBe("last");
});

const MALFORMED: readonly (readonly [string, string])[] = [
  ["no JSON", "{'type':'ping'}"],
  ["nothing", ""],
  ["white space", "  "],
  ["JSON with a byte order mark", '\ufeff{"type":"ping"}'],
  ["two documents", '{"type":"ping"}{"type":"ping"}'],
  ["an array", '[{"type":"ping"}]'],
  ["null", "null"],
  ["a string", '"ping"'],
  ["no type", "{}"],
  ["a type that is no string", '{"type":1}'],
  ["a type in a prototype", '{"__proto__":{"type":"ping"}}'],
  ["a token without data", '{"type":"token"}'],
  ["a token whose data is no string", '{"type":"token","data":{"a":1}}'],
  ["a token whose data is null", '{"type":"token","data":null}'],
  ["a token cut short", '{"type":"token","data":"a"'],
  ["a token with a control character", '{"type":"token","data":"\n"}'],
  ["a token with a wrong escape", '{"type":"token","data":"\\x41"}'],
  ["metadata that is missing", '{"type":"set_metadata"}'],
  ["metadata that is an array", '{"type":"set_metadata","metadata":[]}'],
  ["metadata that is null", '{"type":"set_metadata","metadata":null}'],
  ["129 levels", `{"type":"ping","a":${"[".repeat(128)}${"]".repeat(128)}}`],
  ["300,000 levels", "[".repeat(300_000)],
];

test.for(MALFORMED)("§4.4 a frame that is %s is closed 4400 malformed_frame", async ([, text]) => {
  const { sender, reader } = await pair();
  sender.send(text);
  await expectFault(sender, reader, "malformed_frame");
});

test("§1.8 128 levels are read", async () => {
  const { sender } = await pair();
  sender.send(`{"type":"ping","a":${"[".repeat(127)}${"]".repeat(127)}}`);
  await sender.next("pong");
});

test("§4.4 a binary message is closed 4400 malformed_frame, even if it would be a frame", async () => {
  const { sender, reader } = await pair();
  sender.socket.send(Buffer.from('{"type":"token","data":"a"}'), { binary: true });
  await expectFault(sender, reader, "malformed_frame");
});

test("§4.4.1 a type that is unknown and doesn't begin with x_ is closed 4400 unknown_frame_type", async () => {
  for (const type of ["", "Token", "joined", "pong", "stream_left", "X_a", "x-a"]) {
    const { sender, reader } = await pair();
    sender.send({ type, data: "a" });
    await expectFault(sender, reader, "unknown_frame_type");
  }
});

test("§4.4.2 a message of 1 MiB still gets its close code; a larger one ends the socket", async () => {
  const { limits } = await offer();
  const { sender, reader } = await pair();
  const shell = bytesOf('{"type":"token","data":""}');
  sender.say("a".repeat(limits.frame_bytes - shell));
  await expectFault(sender, reader, "malformed_frame");
  const again = await pair();
  again.sender.say("a".repeat(limits.frame_bytes));
  expect([1009, 1006, 4400]).toContain((await again.sender.ended()).code);
  await again.reader.next("stream_left");
});

test("§4.2 a frame whose first member is an x_ type is ignored unread, whatever its size and whatever follows", async () => {
  const { sender } = await pair();
  sender.send(`{"type":"x_a","d":[${"[],".repeat(340_000)}[]]}`);
  sender.send('{"type":"x_a",');
  sender.send('{"type":"x_a","type":"token","data":"not this"}');
  await sender.drained();
  expect(sender.frames.map(({ type }) => type)).toEqual(["joined", "pong"]);
});

const BOUNDED: readonly (readonly [string, string])[] = [
  ["a ping of more than 128 KiB", `{"type":"ping","d":"${"x".repeat(131_072)}"}`],
  ["an x_ frame of more than 128 KiB", `{"d":"${"x".repeat(131_072)}","type":"x_a"}`],
  ["a token of more than 512 KiB", `{"d":"${"x".repeat(524_288)}","type":"token","data":""}`],
  ["a ping of 24,577 JSON tokens", `{"type":"ping","d":[${"[],".repeat(8_188)}[],0]}`],
];

test.for(BOUNDED)("§4.4.6 %s is closed 4400 malformed_frame", async ([, text]) => {
  const { sender, reader } = await pair();
  sender.send(text);
  await expectFault(sender, reader, "malformed_frame");
});

test("§4.4.6 the largest token and the largest metadata are taken when every byte of theirs is an escape", async () => {
  const { sender, reader } = await pair();
  sender.send(`{"data":"${"\\u0061".repeat(65_536)}","type":"token"}`);
  expect((await reader.next("token")).data).toBe("a".repeat(65_536));
  sender.send(`{"type":"set_metadata","metadata":{"a":"${"\\u0062".repeat(16_376)}"}}`);
  const { metadata } = await reader.next("stream_metadata");
  expect(metadata).toEqual({ a: "b".repeat(16_376) });
});

test("§4.4.4 what was sent before a fault is delivered, and nothing after it", async () => {
  const { sender, reader } = await pair();
  sender.say("before");
  sender.send("{}");
  sender.say("after");
  await expectFault(sender, reader, "malformed_frame");
  expect(reader.heard).toEqual(["before"]);
});

test("§4.4.4 a frame split over many small TCP segments is one frame", async () => {
  const { sender, reader } = await pair();
  const data = "é".repeat(500);
  const text = JSON.stringify({ type: "token", data });
  for (const [index, character] of [...text].entries()) {
    sender.socket.send(character, { binary: false, fin: index === [...text].length - 1 });
  }
  expect((await reader.next("token")).data).toBe(data);
});

test("§4.5.3 peer_identity rides on every frame that names a stream which has one", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const peer_identity = { kind: "agent", model: "m-1", client: "c-1", more: [1] };
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const headers = { "x-ams-peer-identity": base64(peer_identity) };
  const sender = await join(minted, { as: ann, name: "sender", headers });
  const late = await join(minted, { as: bob, name: "late" });
  expect(sender.joined.peer_identity).toMatchObject({ kind: "agent", model: "m-1", more: [1] });
  const listed = late.joined.peers.find(({ stream_id }) => stream_id === sender.id);
  expect(listed?.peer_identity).toEqual(peer_identity);
  expect((await reader.next("stream_joined")).peer_identity).toEqual(peer_identity);
  sender.say("a");
  expect((await reader.next("token")).peer_identity).toEqual(peer_identity);
  sender.send({ type: "set_metadata", metadata: {} });
  expect((await reader.next("stream_metadata")).peer_identity).toEqual(peer_identity);
  sender.leave();
  expect((await reader.next("stream_left")).peer_identity).toEqual(peer_identity);
});

/** The sender is closed 4400 with this reason; its reader hears that it left, and is served on. */
async function expectFault(sender: Subscriber, reader: Subscriber, reason: string): Promise<void> {
  expect(await sender.ended()).toEqual({ code: 4400, reason });
  await reader.next("stream_left", ({ stream_id }) => stream_id === sender.id);
  await reader.drained();
  reader.leave();
}

function escapeOf(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
