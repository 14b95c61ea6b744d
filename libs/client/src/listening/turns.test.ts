import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { all, codeOf, take } from "../testing/collect.ts";
import { type FakeBroker, named, PEER_ID, startFakeBroker, token } from "../testing/fake-broker.ts";
import { came, END, left, OTHER_ID, said } from "../testing/peer.ts";
import { joinQuickly } from "../testing/quick.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

describe("text", () => {
  test("is one stream's tokens up to the end of its turn", async () => {
    const { me, call } = await joinQuickly(broker);
    const text = me.text("peer");
    call.send(came(), token("1-1", "Hel"), token("9-1", "no", named("other", OTHER_ID)));
    call.send(token("1-2", "lo"), said("1-3", {}), said("1-4", END), token("1-5", "next"));
    expect(await all(text)).toEqual(["Hel", "lo"]);
    await me.close();
  });

  test("ends at a sentinel, which is never handed out", async () => {
    const { me, call } = await joinQuickly(broker);
    const text = me.text("peer");
    const turns = me.turns("peer");
    call.send(came(), token("1-1", "one"), token("1-2", '{"ams.convention.v1": "end_of_turn"}'));
    call.send(token("1-3", "two"), token("1-4", '{"ams.convention.v1":"end_of_conversation"}'));
    call.send(left("1-4"));
    expect(await all(text)).toEqual(["one"]);
    const texts: string[][] = [];
    for await (const turn of turns) texts.push(await all(turn));
    expect(texts).toEqual([["one"], ["two"]]);
    await me.close();
  });

  test("ends when the stream leaves, when this side closes, and with the error when the other does", async () => {
    const { me, call } = await joinQuickly(broker);
    const leaving = me.text(PEER_ID);
    call.send(came(), token("1-1", "bye"), left("1-1"));
    expect(await all(leaving)).toEqual(["bye"]);
    const closing = all(me.text("peer"));
    await me.close();
    expect(await closing).toEqual([]);

    const other = await joinQuickly(broker);
    const reading = codeOf(all(other.me.text("peer")));
    other.call.close(4005, "conversation_closed");
    expect(await reading).toBe("conversation_closed");
  });

  test("of an id that was here and has left ends at once, after what was kept of it", async () => {
    const { me, call } = await joinQuickly(broker);
    call.send(came(), token("1-1", "bye"), left("1-1"), { type: "pong" });
    await me.ping();
    const kept = [me.text(PEER_ID), me.text("peer"), me.turns(PEER_ID)] as const;
    expect(await all(kept[0])).toEqual(["bye"]);
    expect(await all(kept[1])).toEqual(["bye"]);
    for await (const turn of kept[2]) expect(await all(turn)).toEqual(["bye"]);
    expect(await all(me.text(PEER_ID))).toEqual([]);
    expect(await all(me.turns(PEER_ID))).toEqual([]);
    expect(await all(me.tokens({ from: PEER_ID }))).toEqual([]);
    const again = me.text("peer");
    const events = me.events();
    call.send(came());
    await take(events, 1);
    const byId = me.text(PEER_ID);
    call.send(token("2-1", "here again"), left("2-1"));
    expect(await all(again)).toEqual(["here again"]);
    expect(await all(byId)).toEqual(["here again"]);
    await me.close();
  });

  test("of an id that left while this connection was away ends at once too", async () => {
    const peers = [{ ...named("peer"), metadata: {} }];
    const { me, call } = await joinQuickly(broker, {}, { peers });
    const events = me.events();
    const waiting = me.text(PEER_ID);
    call.cut();
    (await broker.call()).join();
    for await (const event of events) if (event.type === "joined" && event.reconnected) break;
    expect(await all(waiting)).toEqual([]);
    expect(await all(me.text(PEER_ID))).toEqual([]);
    await me.close();
  });

  test("receives what was kept from before the call, unless that was dropped", async () => {
    for (const drop of [false, true]) {
      const { me, call } = await joinQuickly(broker);
      call.send(came(), token("1-1", "early"), { type: "pong" });
      await me.ping();
      if (drop) await me.tokens().return?.();
      const text = me.text("peer");
      call.send(token("1-2", "answer"), said("1-3", END));
      expect(await all(text)).toEqual(drop ? ["answer"] : ["early", "answer"]);
      await me.close();
    }
  });

  test("has no holes in silence: it throws, unless asked to go on", async () => {
    const { me, call } = await joinQuickly(broker);
    const strict = me.text("peer");
    const lenient = me.text("peer", { gaps: "skip" });
    call.send(came(), token("1-1", "a"), token("1-3", "c"), said("1-4", END));
    expect((await strict.next()).value).toBe("a");
    expect(await codeOf(strict.next())).toBe("tokens_lost");
    expect(await all(lenient)).toEqual(["a", "c"]);
    await me.close();
  });

  test("goes on turn after turn, with nothing lost between, and skips what isn't read", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns("peer");
    call.send(came(), token("1-1", "one"), said("1-2", END), said("1-3", END));
    call.send(token("1-4", "skipped"), token("1-5", "too"), said("1-6", END));
    call.send(token("1-7", "three"), left("1-7"));
    const texts: string[][] = [];
    for await (const turn of turns) {
      if (texts.length === 1) texts.push([]);
      else texts.push(await all(turn));
    }
    expect(texts).toEqual([["one"], [], ["three"]]);
    await me.close();
  });
});
