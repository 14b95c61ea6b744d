import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { all, codeOf, take } from "../testing/collect.ts";
import {
  type FakeBroker,
  named,
  OWN_ID,
  PEER_ID,
  startFakeBroker,
  TS,
  token,
} from "../testing/fake-broker.ts";
import { came, left, OTHER_ID, said } from "../testing/peer.ts";
import { joinQuickly } from "../testing/quick.ts";
import type { Peer } from "./events.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

describe("§5.6 the roster", () => {
  test("is true at every moment", async () => {
    const { me, call } = await joinQuickly(broker);
    const events = me.events();
    const names = () => [...me.peers.values()].map((peer) => peer.streamName);
    call.send(came(), came("other", OTHER_ID));
    await take(events, 3);
    expect(names()).toEqual(["peer", "other"]);
    call.send(said("1-1", { x: 1 }));
    await take(events, 1);
    expect(me.peers.get(PEER_ID)?.metadata).toEqual({ x: 1 });
    call.send(left("1-1"));
    await take(events, 1);
    expect(names()).toEqual(["other"]);
    await me.close();
  });

  test("holds no entry for the own stream, though it receives itself", async () => {
    const { me, call } = await joinQuickly(
      broker,
      { selfSubscribe: true },
      { self_subscribe: true },
    );
    const own = named("me", OWN_ID);
    call.send({ type: "stream_metadata", ...own, metadata: {}, ts: TS, seq: "1-1" });
    call.send(token("1-2", "own", own));
    const tokens = await take(me.tokens(), 1);
    expect(tokens[0]?.data).toBe("own");
    expect(me.peers.size).toBe(0);
    await me.close();
  });
});

describe("peer", () => {
  const here = { peers: [{ ...named("peer"), metadata: { role: "host" } }] };

  test("is one who is here, by id, by name or by what a predicate says", async () => {
    const { me } = await joinQuickly(broker, {}, here);
    for (const which of [PEER_ID, "peer", (peer: Peer) => peer.metadata.role === "host"]) {
      expect(await me.peer(which)).toEqual(me.peers.get(PEER_ID));
    }
    await me.close();
  });

  test("is waited for until it comes, also while this connection is away, or until its metadata fit", async () => {
    const { me, call } = await joinQuickly(broker, {}, here);
    const waiting = [
      me.peer("other"),
      me.peer(OTHER_ID),
      me.peer(({ metadata }) => !metadata.role),
    ];
    call.send(said("1-1", {}), came("other", OTHER_ID));
    const found = await Promise.all(waiting);
    expect(found.map(({ streamName }) => streamName)).toEqual(["other", "other", "peer"]);
    const later = me.peer("third");
    call.cut();
    const third = { ...named("third", `str_${"3".repeat(26)}`), metadata: {} };
    (await broker.call()).join({ peers: [third] });
    expect((await later).streamName).toBe("third");
    await me.close();
  });

  test("is nobody who may have left while this connection is away", async () => {
    const { me, call } = await joinQuickly(broker, {}, here);
    const events = me.events();
    call.cut();
    for await (const event of events) if (event.type === "reconnecting") break;
    const coming = me.peer(PEER_ID);
    const again = await broker.call();
    again.join();
    again.send(came("peer"));
    expect((await coming).metadata).toEqual({});
    await me.close();
  });

  test("doesn't take what is kept for those who listen for tokens", async () => {
    const { me, call } = await joinQuickly(broker);
    const coming = me.peer("peer");
    call.send(came(), token("1-1", "at once"), left("1-1"));
    const { streamId } = await coming;
    expect(await all(me.text(streamId))).toEqual(["at once"]);
    await me.close();
  });

  test("rejects by its signal, with what a predicate throws as cause, and with what ends the connection", async () => {
    const { me } = await joinQuickly(broker, {}, here);
    const stop = new AbortController();
    const aborted = codeOf(me.peer("nobody", { signal: stop.signal }));
    stop.abort();
    expect(await aborted).toBe("aborted");
    expect(await codeOf(me.peer("peer", { signal: stop.signal }))).toBe("aborted");
    const cause = new Error("the predicate's own fault");
    const thrower = () => {
      throw cause;
    };
    await expect(me.peer(thrower)).rejects.toMatchObject({ code: "invalid_argument", cause });
    const closed = codeOf(me.peer("nobody"));
    await me.close();
    expect(await closed).toBe("closed");
    expect(await codeOf(me.peer("peer"))).toBe("closed");

    const other = await joinQuickly(broker, {}, here);
    const ended = codeOf(other.me.peer("nobody"));
    other.call.close(4005, "conversation_closed");
    expect(await ended).toBe("conversation_closed");
    expect(await codeOf(other.me.peer("peer"))).toBe("conversation_closed");
  });
});
