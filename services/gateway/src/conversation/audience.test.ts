// Who hears what: settled when a socket is put on its topics, never by looking at a frame (§5.1,
// §5.10).
import { beforeEach, expect, test } from "vitest";
import { type FakeSocket, FakeSockets, streamId } from "../testing/fakes.ts";
import { Audience, type Subscription } from "./audience.ts";

let sockets: FakeSockets;
let audience: Audience;

beforeEach(() => {
  sockets = new FakeSockets();
  audience = new Audience(sockets);
});

function enter(subscription: Partial<Subscription> = {}): FakeSocket & { terms: Subscription } {
  const terms = { streams: null, self: null, ...subscription };
  const socket = Object.assign(sockets.open(), { terms });
  audience.enter(socket, terms);
  return socket;
}

const counts = () => sockets.published.map(({ count }) => count);

test("§5.1 a token reaches every subscriber but the connection that emits it", () => {
  const [a, b, c] = [enter(), enter(), enter()];
  audience.deliverFrom(a, a.terms, streamId(1), "token");
  expect([a.heard, b.heard, c.heard]).toEqual([[], ["token"], ["token"]]);
  expect(counts()).toEqual([2]);
});

test("§5.1 who asked for itself hears itself too, and nobody hears it twice", () => {
  const a = enter({ self: streamId(1) });
  const b = enter();
  audience.deliverFrom(a, a.terms, streamId(1), Buffer.from("token"));
  expect([a.heard, b.heard]).toEqual([["token"], ["token"]]);
  expect(counts()).toEqual([2]);
});

test("§5.1 a frame of a stream that is elsewhere reaches everybody", () => {
  const [a, b] = [enter(), enter({ self: streamId(2) })];
  audience.deliver(streamId(9), "token");
  expect([a.heard, b.heard]).toEqual([["token"], ["token"]]);
  expect(counts()).toEqual([2]);
});

test("§5.10 a selection hears the listed streams only, and each of their frames once", () => {
  const all = enter();
  const some = enter({ streams: [streamId(1), streamId(1), streamId(2)] });
  const other = enter({ streams: [streamId(2)] });
  const none = enter({ streams: [] });
  audience.deliver(streamId(1), "1");
  audience.deliver(streamId(2), "2");
  audience.deliver(streamId(3), "3");
  expect(all.heard).toEqual(["1", "2", "3"]);
  expect(some.heard).toEqual(["1", "2"]);
  expect(other.heard).toEqual(["2"]);
  expect(none.heard).toEqual([]);
  expect(counts()).toEqual([1, 1, 1, 2, 1]);
});

test("§5.10 joins and leaves of every stream reach a selection too, once", () => {
  const heard = [enter(), enter({ streams: [streamId(1)] }), enter({ streams: [] })];
  audience.deliverToAll("joined");
  expect(heard.map((socket) => socket.heard)).toEqual([["joined"], ["joined"], ["joined"]]);
  expect(counts()).toEqual([1, 2]);
});

test("§5.10 with self-subscribe one's own stream counts as listed", () => {
  const a = enter({ streams: [streamId(2)], self: streamId(1) });
  const b = enter({ streams: [streamId(2)] });
  const c = enter();
  audience.deliverFrom(a, a.terms, streamId(1), "token");
  expect([a.heard, b.heard, c.heard]).toEqual([["token"], [], ["token"]]);
  expect(counts()).toEqual([1, 1]);
});

test("§5.10 an emitter with a selection does not hear itself, and those who listed it do", () => {
  const a = enter({ streams: [streamId(2)] });
  const b = enter({ streams: [streamId(1)] });
  const c = enter();
  audience.deliverFrom(a, a.terms, streamId(1), "token");
  expect([a.heard, b.heard, c.heard]).toEqual([[], ["token"], ["token"]]);
  expect(counts()).toEqual([1, 1]);
});

test("what nobody listens to is not published", () => {
  audience.deliver(streamId(1), "token");
  audience.deliverToAll("joined");
  const some = enter({ streams: [streamId(2)] });
  audience.deliver(streamId(1), "token");
  audience.exit(some.terms);
  audience.deliver(streamId(2), "token");
  audience.deliverToAll("left");
  expect(sockets.published).toEqual([]);
});

test("who leaves is no longer counted, and others that listed the same stream are", () => {
  const first = enter({ streams: [streamId(1)] });
  enter({ streams: [streamId(1)] });
  const all = enter();
  audience.exit(first.terms);
  audience.exit(all.terms);
  audience.deliver(streamId(1), "token");
  audience.deliverToAll("left");
  expect(counts()).toEqual([1, 1]);
});

test("two conversations never share a topic", () => {
  const other = new Audience(sockets);
  const here = enter({ streams: [streamId(1)] });
  const there = sockets.open();
  other.enter(there, { streams: null, self: null });
  other.deliver(streamId(1), "theirs");
  other.deliverToAll("theirs");
  expect(here.heard).toEqual([]);
  expect(there.heard).toEqual(["theirs", "theirs"]);
});

test("§4.5.4 who asked for a summary hears tokens and counts, and nobody who comes or goes", () => {
  const [all, summary] = [enter(), enter({ summary: true })];
  const some = enter({ streams: [streamId(1)], summary: true });
  audience.deliver(streamId(1), "1");
  audience.deliver(streamId(2), "2");
  audience.deliverToAll("joined");
  audience.deliverSummary("3 peers");
  audience.deliverToLive("cursor");
  expect(all.heard).toEqual(["1", "2", "joined", "cursor"]);
  expect(summary.heard).toEqual(["1", "2", "3 peers", "cursor"]);
  expect(some.heard).toEqual(["1", "3 peers", "cursor"]);
  expect(audience.size).toBe(3);
});

test("§5.1 §4.5.4 an emitter with a summary hears nothing of its own, and counts as one who left", () => {
  const [emitter, other] = [enter({ summary: true }), enter({ summary: true })];
  audience.deliverFrom(emitter, emitter.terms, streamId(1), "token");
  expect([emitter.heard, other.heard]).toEqual([[], ["token"]]);
  expect(counts()).toEqual([1]);
  audience.exit(emitter.terms);
  audience.exit(other.terms);
  expect([audience.size, audience.hearsSummary, audience.hearsLifecycle]).toEqual([
    0,
    false,
    false,
  ]);
});
