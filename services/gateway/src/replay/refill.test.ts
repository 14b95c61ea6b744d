/** §7.5: what the log has and the channel did not bring, whatever it is that shows the hole. */
import { after, type Entry, formatCursor, type Page, type ReplayLog, tagOfLog } from "@ams/log";
import { beforeEach, expect, test, vi } from "vitest";
import { BatchWriter } from "../bus/batch.ts";
import { endOfTurn, entryOf, streamId } from "../testing/fakes.ts";
import { type JoinedSession, Rig } from "../testing/rig.ts";

const TS = "2026-01-31T12:00:09.000Z";
let log: FakeLog;
let rig: Rig;
let reader: JoinedSession;

/** A log whose entries have their number as their time. */
class FakeLog {
  readonly entries: Entry[] = [];
  /** Readings that fail before one is answered. */
  failures = 0;

  readonly mark = () => Promise.resolve();

  async readAfter(_name: unknown, { ms }: { readonly ms: number }): Promise<Page> {
    this.failures -= 1;
    if (this.failures >= 0) throw new Error("the way to the log was cut");
    const entries = this.entries.filter((entry) => entry.ms > ms);
    return { entries, isEnd: true, removedTo: null };
  }
}

beforeEach(() => {
  log = new FakeLog();
  rig = new Rig([entryOf(9, 1, { gateway: "gateway-b" })], log as unknown as ReplayLog);
  rig.conversation.kept?.begin({ ms: 0, seq: 0 });
  reader = rig.join(entryOf(1, 2));
  receive(keep(1));
  kept();
  reader.socket.heard.length = 0;
});

/** Another gateway emits a token of the stream, which the log then has. */
function keep(n: number): Buffer {
  const writer = new BatchWriter(Buffer.from("another!"));
  const frame = Buffer.from(`{"type":"token","seq":"1-${n}"}`);
  writer.append(1, n, "token", frame.length).set(frame);
  const batch = writer.take() ?? Buffer.alloc(0);
  log.entries.push({ ms: log.entries.length + 1, seq: 0, batch });
  return batch;
}

function receive(batch: Buffer): void {
  rig.conversation.intake.receive(batch);
}

/** Any gateway announces how far the log has come. */
function kept(): void {
  rig.event({ kind: "kept", ms: log.entries.length, seq: 0, added: log.entries.length });
}

const heard = () => reader.socket.frames().map(({ type, seq }) => (seq ? `${type} ${seq}` : type));
const cursors = () => reader.socket.frames().flatMap(({ cursor }) => cursor ?? []);
const cursorAt = (ms: number) =>
  formatCursor(tagOfLog(rig.conversation.channel), after({ ms, seq: 0 }));

test("§7.5 a place behind a hole counts as delivered once the log has filled the hole, and not before", async () => {
  keep(2);
  kept();
  expect(rig.resyncs).toBe(1);
  keep(3);
  kept();
  kept();
  receive(keep(4));
  await vi.waitFor(() => expect(heard()).toContain("token 1-4"));
  expect(heard()).toEqual(["token 1-2", "token 1-3", "token 1-4"]);
  expect(cursors()).toEqual([]);
  kept();
  expect(cursors()).toEqual([cursorAt(4)]);
});

test.each([
  ["a tail", () => rig.event({ kind: "tail", stream_id: streamId(9), epoch: 1, n: 3 })],
  ["a leave", () => rig.event({ kind: "left", stream_id: streamId(9), epoch: 1, n: 3, ts: TS })],
  ["a later frame", () => receive(keep(4))],
])("§7.5 %s behind lost frames comes after them, and what follows after it", async (_, show) => {
  keep(2);
  keep(3);
  show();
  rig.event({ kind: "claimed", entry: entryOf(5, 5, { gateway: "gateway-b" }), displaced: null });
  await vi.waitFor(() => expect(heard().at(-1)).toBe("stream_joined"));
  expect(heard().slice(0, 2)).toEqual(["token 1-2", "token 1-3"]);
  expect(heard()).not.toContain("x_gap");
});

test("§7.5 the first frame that comes of a stream comes behind those that were lost", async () => {
  rig = new Rig([entryOf(9, 1, { gateway: "gateway-b" })], log as unknown as ReplayLog);
  rig.conversation.kept?.begin({ ms: 1, seq: 0 });
  reader = rig.join(entryOf(1, 2));
  keep(2);
  rig.conversation.kept?.rebase();
  receive(keep(3));
  await vi.waitFor(() => expect(heard()).toEqual(["token 1-2", "token 1-3"]));
});

test("§7.5 lost frames of a connection that was displaced come before its successor's", async () => {
  keep(2);
  const entry = entryOf(9, 6, { gateway: "gateway-c" });
  rig.event({ kind: "claimed", entry, displaced: entryOf(9, 1, { gateway: "gateway-b" }) });
  rig.event({ kind: "yielded", stream_id: streamId(9), epoch: 1, n: 2, ts: TS });
  await vi.waitFor(() => expect(heard()).toContain("token 1-2"));
  expect(heard()).not.toContain("x_gap");
});

test("§7.5 a log that can't be read at first is read again", async () => {
  log.failures = 2;
  keep(2);
  receive(keep(3));
  await vi.waitFor(() => expect(heard()).toEqual(["token 1-2", "token 1-3"]));
});

test("§4.7 what the log has not is a gap behind what it has", async () => {
  receive(keep(2));
  rig.event({ kind: "tail", stream_id: streamId(9), epoch: 1, n: 5 });
  await vi.waitFor(() => expect(heard()).toEqual(["token 1-2", "x_gap"]));
});

test("§7.3 a reader that catches up is live once nothing is missing here, and hears all once", async () => {
  rig.conversation.kept?.rebase();
  keep(2);
  const from = after({ ms: 1, seq: 0 });
  reader = rig.join(entryOf(3, 3), {}, undefined, { from, end: from, mode: "frames" });
  const rounds = rig.bus.published;
  const comeRound = () => {
    for (const { payload } of rounds.splice(0)) receive(payload);
  };
  for (let round = 0; round < 3; round += 1) {
    await vi.waitFor(() => expect(rounds).not.toEqual([]));
    comeRound();
    await endOfTurn();
  }
  expect(heard()).toEqual(["token 1-2", "x_cursor"]);
  await rig.conversation.refill?.run(true);
  await vi.waitFor(() => {
    comeRound();
    expect(heard()).toContain("x_live");
  });
  receive(keep(3));
  expect(heard()).toEqual(["token 1-2", "x_cursor", "x_live", "token 1-3"]);
});
