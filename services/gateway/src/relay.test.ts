// Between this gateway and the others: one publish for each conversation and turn, and all in the order in which it was said.
import { decodeEvent } from "@ams/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { BATCH_BYTES_MAX, BATCH_VERSION, isForeignBatch, walkBatch } from "./batch.ts";
import { type Outbox, Relay } from "./relay.ts";
import { deferred, endOfTurn, FakeBus, FakeSockets, metricsOf, streamId } from "./testing/fakes.ts";

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

function contents(payload: Buffer): number[] {
  const ns: number[] = [];
  if (payload[0] === BATCH_VERSION) walkBatch(payload, (_epoch, n) => ns.push(n));
  return ns;
}

const published = () => bus.published.map(({ channel, payload }) => [channel, contents(payload)]);

test("what a conversation emits in one turn leaves as one publish, for each conversation its own", async () => {
  const [first, second] = [relay.open("c1"), relay.open("c2")];
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

test("a batch that is full leaves at once, and the rest of the turn behind it", async () => {
  const outbox = relay.open("c1");
  emit(outbox, 1);
  emit(outbox, 2, BATCH_BYTES_MAX);
  expect(published()).toEqual([["c1", [1, 2]]]);
  emit(outbox, 3);
  await endOfTurn();
  expect(published()).toEqual([
    ["c1", [1, 2]],
    ["c1", [3]],
  ]);
});

test("what is announced comes behind all that was emitted before, and before what is emitted later", async () => {
  const outbox = relay.open("c1");
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
  relay.flush(relay.open("c1"));
  expect(bus.published).toEqual([]);
});

test("a gateway knows its own batches", () => {
  const outbox = relay.open("c1");
  emit(outbox, 1);
  relay.flush(outbox);
  const batch = bus.published[0]?.payload ?? Buffer.alloc(0);
  expect(isForeignBatch(batch, relay.origin)).toBe(false);
  expect(isForeignBatch(batch, new Relay(bus, metricsOf().metrics).origin)).toBe(true);
});

describe("receipts", () => {
  test("§4.8 come in order, and only once the bus has taken the batch", async () => {
    const outbox = relay.open("c1");
    const socket = new FakeSockets().open();
    const { promise, resolve } = deferred<boolean>();
    bus.answer = () => promise;
    for (const seq of ["1-1", "1-2"]) {
      outbox.receipts.push({ socket, seq, ts: TS });
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
    const outbox = relay.open("c1");
    const socket = new FakeSockets().open();
    bus.answer = answer;
    outbox.receipts.push({ socket, seq: "1-1", ts: TS });
    emit(outbox, 1);
    relay.announce(outbox, { kind: "tail", stream_id: streamId(1), epoch: 1, n: 1 });
    await endOfTurn();
    await endOfTurn();
    expect(socket.heard).toEqual([]);
    expect(await value("ams_gateway_publishes_lost_total")).toBe(2);
  });
});
