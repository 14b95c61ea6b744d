// One conversation at one gateway: what its subscribers hear when others come, go, and when the bus
// was away.
import { beforeEach, expect, test, vi } from "vitest";
import { BatchWriter } from "../bus/batch.ts";
import { endOfTurn, entryOf, json, streamId } from "../testing/fakes.ts";
import { GATEWAY, type JoinedSession, Rig, textOf } from "../testing/rig.ts";
import { Session } from "./session.ts";

const TS = "2026-01-31T12:00:09.000Z";
let rig: Rig;
let reader: JoinedSession;

beforeEach(() => {
  rig = new Rig([entryOf(9, 1, { gateway: "gateway-b" })]);
  reader = rig.join(entryOf(1, 2));
});

const theirs = (number: number, epoch: number) => entryOf(number, epoch, { gateway: "gateway-b" });
const heard = ({ socket } = reader) =>
  socket
    .frames()
    .map(({ type, seq, after, before }) =>
      [type, seq, after, before].filter((part) => part !== undefined).join(" "),
    );

/** Frames of another gateway. */
function batch(epoch: number, ...ns: readonly number[]): void {
  const writer = new BatchWriter(Buffer.from("another!"));
  for (const n of ns) {
    const frame = Buffer.from(`{"type":"token","seq":"${epoch}-${n}"}`);
    writer.append(epoch, n, "token", frame.length).set(frame);
  }
  const payload = writer.take();
  if (payload !== null) rig.conversation.intake.receive(payload);
}

test("§5.5 another gateway's stream: joined, its frames, left, and nothing behind", () => {
  rig.event({ kind: "claimed", entry: theirs(2, 3), displaced: null });
  batch(3, 1, 2);
  rig.event({ kind: "left", stream_id: streamId(2), epoch: 3, n: 2, ts: TS });
  batch(3, 3);
  expect(heard()).toEqual(["stream_joined", "token 3-1", "token 3-2", "stream_left 3-2"]);
});

test("§5.3 a gateway's own batches, come round, are not delivered again", () => {
  reader.session.received(textOf('{"type":"token","data":"x"}'), false);
  rig.conversation.emission.flush();
  const other = rig.join(entryOf(3, 3));
  for (const { payload } of [...rig.bus.published]) rig.conversation.intake.receive(payload);
  expect(heard(other)).toEqual([]);
});

test("§2.7, §2.7.2 revoked links end the sockets that they admitted; the end of the conversation all", () => {
  const later = rig.join(entryOf(3, 3, { link: 2 }));
  rig.event({ kind: "links_revoked", up_to: 1 });
  expect([reader.socket.ended, later.socket.ended]).toEqual(["link_revoked", null]);
  rig.event({ kind: "closed" });
  expect(later.socket.ended).toBe("conversation_closed");
  expect(rig.released).toBe(2);
});

test("§2.7.7 links revoked one by one end the sockets that they admitted, and no other", () => {
  const second = rig.join(entryOf(3, 3, { link: 2 }));
  const third = rig.join(entryOf(4, 4, { link: 3 }));
  rig.event({ kind: "link_revoked", links: [2, 9] });
  const ended = [reader, second, third].map(({ socket }) => socket.ended);
  expect(ended).toEqual([null, "link_revoked", null]);
});

test("§5.9 a stream that is held here is not lost to a sweep that was too hasty, and is claimed again", () => {
  const other = rig.join(entryOf(3, 3));
  rig.event({ kind: "left", stream_id: streamId(1), epoch: 2, n: null, ts: TS });
  expect(heard(other)).toEqual([]);
  expect(rig.conversation.roster.get(streamId(1))).toBe(reader.session.stream);
  expect(rig.rechecks).toBe(1);
});

test("§3.5 a session whose stream was taken over while the bus was away is closed when it is back", () => {
  const taken = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.conversation.reconcile.apply([entryOf(1, 2), theirs(9, 1), theirs(3, 7)]);
  expect(taken.socket.ended).toBe("stream_displaced");
  taken.session.received(textOf('{"type":"token","data":"x"}'), false);
  batch(7, 1);
  expect(heard()).toEqual(["token 7-1"]);
  expect(rig.asked).toEqual(["release connection-3"]);
});

test("§3.5.1 a session that the directory does not name after the bus was away emits nothing until it was claimed again", () => {
  const unnamed = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.conversation.reconcile.apply([entryOf(1, 2), theirs(9, 1)]);
  expect([unnamed.socket.ended, rig.rechecks]).toEqual([null, 1]);
  unnamed.session.received(textOf('{"type":"token","data":"x"}'), false);
  rig.conversation.emission.flush();
  expect(heard()).toEqual([]);
  rig.conversation.roster.confirm(unnamed.session.stream, entryOf(3, 3));
  rig.deps.waiting.resume();
  rig.conversation.emission.flush();
  expect(heard()).toEqual(["token 3-1"]);
});

test("§3.5.1 §5.6 one that was taken over meanwhile is closed, its frames are dropped, and readers hear that it left", () => {
  const unnamed = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.conversation.reconcile.apply([entryOf(1, 2), theirs(9, 1)]);
  unnamed.session.received(textOf('{"type":"token","data":"x"}'), false);
  rig.conversation.sessions.endUnheld(unnamed.session, "displaced");
  rig.deps.waiting.resume();
  rig.conversation.emission.flush();
  expect(unnamed.socket.ended).toBe("stream_displaced");
  expect(heard()).toEqual(["stream_left 3-0"]);
});

test("§3.5 a claim of the same epoch, given out twice by a store that forgot, ends whoever held it first", () => {
  const first = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.event({ kind: "claimed", entry: { ...theirs(3, 3), connection: "second" }, displaced: null });
  expect(first.socket.ended).toBe("stream_displaced");
  expect(heard()).toEqual(["stream_left", "stream_joined"]);
});

test("§3.5 a claim ends whoever holds an earlier epoch here, also when it names another connection", () => {
  const zombie = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.event({ kind: "claimed", entry: { ...theirs(3, 7), joined_at: TS }, displaced: null });
  expect(zombie.socket.ended).toBe("stream_displaced");
  zombie.session.received(textOf('{"type":"token","data":"x"}'), false);
  batch(7, 1);
  expect(heard()).toEqual(["stream_left", "stream_joined", "token 7-1"]);
});

test("§5.6 a claim of a join under way whose event was lost is taken from the directory", () => {
  const { conversation } = rig;
  const accepted: string[] = [];
  conversation.arrivals.expect("connection-5", {
    link: 1,
    accept: ({ stream, resumed }) => accepted.push(`${stream.entry.epoch} ${resumed}`),
    refuse: () => accepted.push("refused"),
  });
  conversation.reconcile.apply([entryOf(1, 2), theirs(9, 1), entryOf(5, 5), entryOf(6, 6)]);
  expect(accepted).toEqual(["5 false"]);
  expect(rig.asked, "a claim that nobody waits for").toEqual(["leave connection-6 null"]);
});

test("§5.6 a join that waits for the old holder stays in the roster when the directory is read meanwhile", () => {
  const { conversation } = rig;
  const accepted: string[] = [];
  conversation.arrivals.expect("connection-5", {
    link: 1,
    accept: ({ stream }) => accepted.push(`${stream.entry.epoch} ${stream.claim}`),
    refuse: () => accepted.push("refused"),
  });
  const { gateway, connection, epoch } = theirs(9, 1);
  rig.event({ kind: "claimed", entry: entryOf(9, 5), displaced: { gateway, connection, epoch } });
  conversation.reconcile.apply([entryOf(1, 2), entryOf(9, 5)]);
  rig.event({ kind: "yielded", stream_id: streamId(9), epoch: 1, n: null, ts: null });
  expect(accepted).toEqual(["5 held"]);
  expect(heard(), "nobody is reported that it left").toEqual(["x_gap  5-1"]);
});

test("§3.5.1 after a gateway stood still, a conversation emits once it has heard what its channel brought meanwhile", async () => {
  const other = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  const later = performance.now() + 900;
  vi.spyOn(performance, "now").mockReturnValue(later);
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  other.session.received(textOf('{"type":"token","data":"y"}'), false);
  vi.restoreAllMocks();
  rig.conversation.emission.flush();
  expect(heard()).toEqual([]);
  const marks = rig.bus.published.map(({ payload }) => payload);
  expect(marks, "one mark, however many frames").toHaveLength(1);
  for (const mark of marks) rig.conversation.intake.receive(mark);
  rig.conversation.emission.flush();
  expect(heard()).toEqual(["token 3-1", "token 3-2"]);
});

test("§3.5.5 more than may wait after a standstill is emitted, in order, and nobody is closed", () => {
  const other = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  const later = performance.now() + 900;
  vi.spyOn(performance, "now").mockReturnValue(later);
  const data = "x".repeat(60_000);
  for (let n = 0; n < 150; n += 1) {
    other.session.received(textOf(`{"type":"token","data":"${data}"}`), false);
  }
  vi.restoreAllMocks();
  for (const { payload } of [...rig.bus.published]) rig.conversation.intake.receive(payload);
  rig.conversation.emission.flush();
  expect(other.socket.ended).toBeNull();
  expect(heard()).toEqual(Array.from({ length: 150 }, (_, n) => `token 3-${n + 1}`));
});

test("§4.7 a takeover by the same gateway says how far a session that has left had come", () => {
  const other = rig.join(entryOf(3, 3));
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  rig.conversation.emission.flush();
  other.session.gone();
  rig.bus.published.length = 0;
  const { gateway, connection, epoch } = entryOf(3, 3);
  rig.event({ kind: "claimed", entry: theirs(3, 7), displaced: { gateway, connection, epoch } });
  const events = rig.bus.published.map(({ payload }) => payload.toString());
  expect(events.filter((event) => event.includes('"yielded"'))).toEqual([
    expect.stringContaining('"n":1'),
  ]);
});

test("§5.1 a gap in a stream's earlier claim is not for the connection that holds it now", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { conversation } = rig;
  const socket = rig.sockets.open();
  conversation.arrivals.expect("connection-3", {
    link: 1,
    accept: ({ stream }) => {
      const terms = reader.session.terms;
      const enter = (session: Session) => conversation.sessions.enter(session, socket);
      new Session(conversation, stream, terms, enter).opened(socket);
    },
    refuse: (reason) => socket.end(reason),
  });
  const { gateway, connection, epoch } = theirs(9, 1);
  batch(1, 1);
  rig.event({ kind: "claimed", entry: entryOf(9, 3), displaced: { gateway, connection, epoch } });
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  rig.event({ kind: "yielded", stream_id: streamId(9), epoch: 1, n: 4, ts: TS });
  expect(heard()).toContain("x_gap 1-1 3-1");
  expect(socket.frames().filter(({ type }) => type === "x_gap")).toEqual([]);
});

test("§5.9 without a bus, a gateway that stood still serves the subscribers that it has", async () => {
  const other = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.bus.answer = () => Promise.resolve(false);
  const later = performance.now() + 900;
  vi.spyOn(performance, "now").mockReturnValue(later);
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  vi.restoreAllMocks();
  await endOfTurn();
  rig.conversation.emission.flush();
  expect(heard()).toEqual(["token 3-1"]);
});

test("§5.9 a gateway whose lease may have run out keeps frames, and what its client left behind goes out before the leave", () => {
  const other = rig.join(entryOf(3, 3));
  reader.socket.heard.length = 0;
  rig.holds = false;
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  other.session.received(textOf('{"type":"token","data":"y"}'), false);
  other.session.gone();
  rig.deps.waiting.resume();
  expect(heard()).toEqual([]);
  rig.holds = true;
  rig.deps.waiting.resume();
  rig.conversation.emission.flush();
  expect(heard()).toEqual(["token 3-1", "token 3-2", "stream_left 3-2"]);
});

test("§5.6 after the bus was away the roster is the directory's, and sessions here stay", () => {
  rig.conversation.reconcile.apply([entryOf(1, 2), theirs(2, 3)]);
  expect(heard()).toEqual(["stream_left", "stream_joined"]);
  expect(reader.socket.ended).toBeNull();
});

test("a claim of this gateway that nobody waits for any more is given back", () => {
  rig.event({ kind: "claimed", entry: entryOf(5, 6), displaced: null });
  expect(rig.asked).toEqual(["leave connection-6 null"]);
});

test("§2.2.5 a deleted account's sessions and joins end, and nobody else's", () => {
  const { conversation, deps } = rig;
  const { credentials } = deps;
  const refused: string[] = [];
  const { owner_account_id: account, connection } = reader.session.stream.entry;
  const expectJoin = (name: string, owner: typeof account) => {
    credentials.watch(owner, "hash", name, conversation);
    conversation.arrivals.expect(name, {
      link: 1,
      accept: () => refused.push(`${name} accepted`),
      refuse: (reason) => refused.push(`${name} ${reason}`),
    });
  };
  const other = "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHZ" as typeof account;
  credentials.watch(account, "hash", connection, conversation);
  expectJoin("theirs", account);
  expectJoin("another's", other);
  const stays = rig.join(entryOf(3, 3, { owner_account_id: other }));
  credentials.watch(other, "hash", "connection-3", conversation);
  credentials.endAccount(account);
  expect(refused).toEqual(["theirs invalid_credential"]);
  expect([reader.socket.ended, stays.socket.ended]).toEqual(["invalid_credential", null]);
});

test("§3.5.3 metadata that a refused takeover brought is still news to the readers of the next one", () => {
  const first = { ...theirs(2, 3), metadata: json('{"a":1}') };
  const second = { ...theirs(2, 4), metadata: json('{"a":2}') };
  const displacedBy = (entry: typeof first) => ({
    gateway: entry.gateway,
    connection: entry.connection,
    epoch: entry.epoch,
  });
  rig.event({ kind: "claimed", entry: first, displaced: null });
  rig.event({ kind: "claimed", entry: second, displaced: displacedBy(first) });
  rig.event({ kind: "claimed", entry: { ...second, epoch: 5 }, displaced: displacedBy(second) });
  const stream = rig.conversation.roster.get(streamId(2));
  expect([stream?.entry.metadata, stream?.knownMetadata]).toEqual(['{"a":2}', '{"a":1}']);
});

test("§4.7 a stream that was taken over while its leave waited for the store: how far it came is still announced", async () => {
  const other = rig.join(entryOf(3, 3));
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  rig.leaves = false;
  other.session.gone();
  await endOfTurn();
  const events = rig.bus.published.map(({ payload }) => payload.toString());
  expect(events.at(-1)).toContain('"kind":"yielded"');
  expect(events.at(-1)).toContain('"epoch":3,"n":1');
});

test("§4.7 a gateway that does not know how far a connection came leaves that to its leave", () => {
  const displaced = { gateway: GATEWAY, connection: "forgotten", epoch: 1 };
  rig.event({ kind: "claimed", entry: theirs(9, 5), displaced });
  expect(rig.bus.published).toEqual([]);
});

test("§4.7 how far a displaced connection came is announced again until the bus takes it", async () => {
  const other = rig.join(entryOf(3, 3));
  other.session.received(textOf('{"type":"token","data":"x"}'), false);
  await endOfTurn();
  rig.bus.answer = () => Promise.resolve(false);
  const { gateway, connection, epoch } = entryOf(3, 3);
  rig.event({ kind: "claimed", entry: theirs(3, 7), displaced: { gateway, connection, epoch } });
  await endOfTurn();
  rig.bus.answer = () => Promise.resolve(true);
  rig.deps.holdings.retry();
  await endOfTurn();
  const events = rig.bus.published.map(({ payload }) => payload.toString());
  expect(events.filter((event) => event.includes('"yielded"'))).toHaveLength(2);
  rig.deps.holdings.retry();
  await endOfTurn();
  expect(rig.bus.published).toHaveLength(events.length);
});
