// Between this gateway and the others: one publish for each conversation and turn, and all in the
// order in which it was said.
import { decodeEvent } from "@ams/directory";
import { beforeEach, describe, expect, test } from "vitest";
import {
  deferred,
  endOfTurn,
  entryOf,
  FakeBus,
  FakeSockets,
  metricsOf,
  streamId,
} from "../testing/fakes.ts";
import { Rig } from "../testing/rig.ts";
import { BATCH_BYTES_MAX, BATCH_VERSION, isForeignBatch, walkBatch } from "./batch.ts";
import { type Outbox, Relay } from "./relay.ts";

let bus: FakeBus;
let relay: Relay;
let value: ReturnType<typeof metricsOf>["value"];
const TS = "2026-01-31T12:00:09.000Z";

beforeEach(() => {
  bus = new FakeBus();
  const made = metricsOf();
  value = made.value;
  relay = new Relay(bus, made.metrics);
});

function emit(outbox: Outbox, n: number, bytes = 10): void {
  outbox.batch.append(1, n, "token", bytes).fill(n);
  relay.schedule(outbox);
}

/** Nobody listens here. */
const open = (channel: string) => relay.open(channel, { deliverFrom: () => 0, size: 0 });

function contents(payload: Buffer): number[] {
  const ns: number[] = [];
  if (payload[0] === BATCH_VERSION) walkBatch(payload, (_epoch, n) => ns.push(n));
  return ns;
}

const published = () => bus.published.map(({ channel, payload }) => [channel, contents(payload)]);

test("what a conversation emits in one turn leaves as one publish, for each conversation its own", async () => {
  const [first, second] = [open("c1"), open("c2")];
  for (let n = 1; n <= 5; n += 1) {
    emit(first, n);
    emit(second, 10 * n);
  }
  expect(bus.published).toEqual([]);
  await endOfTurn();
  expect(published()).toEqual([
    ["c1", [1, 2, 3, 4, 5]],
    ["c2", [10, 20, 30, 40, 50]],
  ]);
  emit(first, 6);
  await endOfTurn();
  await endOfTurn();
  expect(published().slice(2)).toEqual([["c1", [6]]]);
});

test("a turn that fills more than one batch publishes them in order", async () => {
  const outbox = open("c1");
  emit(outbox, 1);
  emit(outbox, 2, BATCH_BYTES_MAX);
  emit(outbox, 3);
  expect(published()).toEqual([]);
  await endOfTurn();
  expect(published()).toEqual([
    ["c1", [1, 2]],
    ["c1", [3]],
  ]);
});

test("a turn that brings very much is not waited for", () => {
  const outbox = open("c1");
  const megabyte = 1_048_576;
  for (let n = 1; n <= 70; n += 1) emit(outbox, n, megabyte);
  expect(published().map(([, ns]) => ns)).toEqual([...Array(64).keys()].map((n) => [n + 1]));
});

test("those who are here hear a frame at the end of its turn, in order, before anything that is announced", async () => {
  const heard: (number | undefined)[] = [];
  const outbox = relay.open("c1", {
    deliverFrom: (_socket, _subscription, _stream, frame) => heard.push(Number(frame[0])),
    size: 1,
  });
  const { session } = new Rig().join(entryOf(1, 1));
  const say = (n: number) => {
    const frame = outbox.batch.append(1, n, "token", 10).fill(n);
    outbox.emitted({ session, frame, since: 0 });
    relay.schedule(outbox);
  };
  say(1);
  say(2);
  expect(heard).toEqual([]);
  await endOfTurn();
  expect(heard).toEqual([1, 2]);
  say(3);
  relay.announce(outbox, { kind: "tail", stream_id: streamId(1), epoch: 1, n: 3 });
  expect(heard).toEqual([1, 2, 3]);
  await endOfTurn();
  expect(heard).toEqual([1, 2, 3]);
});

test.each([
  ["a few subscribers here hear a frame a turn before the bus is given it", 8, 0],
  ["the bus doesn't wait for many subscribers here", 9, 1],
])("%s", async (_name, subscribers, publishedWithThem) => {
  const outbox = relay.open("c1", { deliverFrom: () => 0, size: subscribers });
  const frame = outbox.batch.append(1, 1, "token", 10);
  outbox.emitted({ session: new Rig().join(entryOf(1, 1)).session, frame, since: 0 });
  relay.schedule(outbox);
  await endOfTurn();
  expect(bus.published).toHaveLength(publishedWithThem);
  await endOfTurn();
  expect(published()).toEqual([["c1", [1]]]);
});

test("§5.7 a large frame doesn't wait for others of its turn, which together could overflow a reader", () => {
  const heard: number[] = [];
  const outbox = relay.open("c1", {
    deliverFrom: (_socket, _subscription, _stream, frame) => heard.push(frame.length),
    size: 1,
  });
  const { session } = new Rig().join(entryOf(1, 1));
  for (const [index, bytes] of [100, 16_384].entries()) {
    const frame = outbox.batch.append(1, index + 1, "token", bytes);
    outbox.emitted({ session, frame, since: 0 });
    relay.schedule(outbox);
    expect(heard).toHaveLength(index === 0 ? 0 : 2);
  }
  expect(published()).toEqual([["c1", [1, 2]]]);
});

test("what is announced comes behind all that was emitted before, and before what is emitted later", async () => {
  const outbox = open("c1");
  emit(outbox, 1);
  const event = { kind: "tail", stream_id: streamId(1), epoch: 1, n: 1 } as const;
  relay.announce(outbox, event);
  emit(outbox, 2);
  await endOfTurn();
  const [first, second, third, ...rest] = bus.published.map(({ payload }) => payload);
  expect([contents(first ?? Buffer.alloc(0)), contents(third ?? Buffer.alloc(0))]).toEqual([
    [1],
    [2],
  ]);
  expect(decodeEvent(second?.toString() ?? "")).toEqual(event);
  expect(rest).toEqual([]);
});

test("a flush of nothing publishes nothing", () => {
  relay.flush(open("c1"));
  expect(bus.published).toEqual([]);
});

test("a gateway knows its own batches", () => {
  const outbox = open("c1");
  emit(outbox, 1);
  relay.flush(outbox);
  const batch = bus.published[0]?.payload ?? Buffer.alloc(0);
  expect(isForeignBatch(batch, relay.origin)).toBe(false);
  expect(isForeignBatch(batch, new Relay(bus, metricsOf().metrics).origin)).toBe(true);
});

describe("receipts", () => {
  test("§4.8 come in order, and only once the bus has taken the batch", async () => {
    const outbox = open("c1");
    const socket = new FakeSockets().open();
    const { promise, resolve } = deferred<boolean>();
    bus.answer = () => promise;
    for (const seq of ["1-1", "1-2"]) {
      outbox.wantReceipt({ socket, seq, ts: TS });
      emit(outbox, 1);
    }
    await endOfTurn();
    expect(socket.heard).toEqual([]);
    resolve(true);
    await endOfTurn();
    expect(socket.frames()).toEqual([
      { type: "x_receipt", seq: "1-1", ts: TS },
      { type: "x_receipt", seq: "1-2", ts: TS },
    ]);
    emit(outbox, 2);
    await endOfTurn();
    expect(socket.heard).toHaveLength(2);
  });

  test.each([
    ["refused", () => Promise.resolve(false)],
    ["lost", () => Promise.reject(new Error("away"))],
  ])("§4.8 are not given for a batch that was %s; the loss is counted", async (_name, answer) => {
    const outbox = open("c1");
    const socket = new FakeSockets().open();
    bus.answer = answer;
    outbox.wantReceipt({ socket, seq: "1-1", ts: TS });
    emit(outbox, 1);
    relay.announce(outbox, { kind: "tail", stream_id: streamId(1), epoch: 1, n: 1 });
    await endOfTurn();
    await endOfTurn();
    expect(socket.heard).toEqual([]);
    expect(await value("ams_gateway_publishes_lost_total")).toBe(2);
  });
});
