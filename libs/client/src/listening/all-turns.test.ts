import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { all, codeOf, take } from "../testing/collect.ts";
import { type FakeBroker, named, PEER_ID, startFakeBroker, token } from "../testing/fake-broker.ts";
import { came, left, OTHER_ID } from "../testing/peer.ts";
import { joinQuickly } from "../testing/quick.ts";
import { END_OF_TURN_DATA } from "./conventions.ts";
import type { Turn } from "./turn.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const OTHER = named("other", OTHER_ID);
const end = (seq: string, stream = named("peer")) => token(seq, END_OF_TURN_DATA, stream);

describe("turns without a name", () => {
  test("are those of everybody: who speaks, the whole text, and the pieces with their stream", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), token("1-1", "Hel"), token("9-1", "Good ", OTHER), token("9-2", "", OTHER));
    call.send(token("9-3", "day", OTHER), token("1-2", "lo"), end("1-3"), end("9-4", OTHER));
    call.send(token("1-4", "again"), left("1-4"));
    const [first, second, third] = await take(turns, 3);
    expect([first?.from, second?.from, third?.from]).toEqual(["peer", "other", "peer"]);
    expect(first?.stream).toMatchObject({ streamId: PEER_ID, streamName: "peer" });
    expect(await third?.text).toBe("again");
    await me.close();
  });

  test("give pieces as they come, and the whole text beside them", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), token("1-1", "a"));
    const [turn] = await take(turns, 1);
    if (turn === undefined) throw new Error("There is no turn.");
    const { text, stream } = turn;
    expect(await stream.next()).toEqual({ value: "a", done: false });
    const next = stream.next();
    call.send(token("1-2", "b"));
    expect(await next).toEqual({ value: "b", done: false });
    call.send(token("1-3", "c"), end("1-4"));
    expect(await all(stream)).toEqual(["c"]);
    expect(await text).toBe("abc");
    expect(await turn.text).toBe("abc");
    await me.close();
  });

  test("are read side by side, and a pause of one doesn't stop another", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), came("other", OTHER_ID), token("1-1", "slow"), token("9-1", "fast", OTHER));
    const [slow, fast] = [await turns.next(), await turns.next()].map(({ value }) => value);
    const texts = [slow?.text, fast?.text];
    call.send(end("9-2", OTHER));
    expect(await texts[1]).toBe("fast");
    call.send(token("1-2", "er"), end("1-3"));
    expect(await texts[0]).toBe("slower");
    await me.close();
  });

  test("turns that nobody reads are dropped, the oldest first, when later ones need their space", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    const long = "x".repeat(60_000);
    const seen: Turn[] = [];
    const reading = (async () => {
      for await (const turn of turns) seen.push(turn);
    })();
    // Together three times what all turns of an iterator may hold.
    for (let n = 1; n <= 420; n += 2) call.send(token(`1-${n}`, long), end(`1-${n + 1}`));
    call.send({ type: "pong" });
    await me.ping();
    await me.close();
    await reading;
    expect(seen.length).toBe(210);
    expect(await codeOf(seen[0]?.text ?? Promise.resolve())).toBe("slow_consumer");
    expect(await seen.at(-1)?.text).toBe(long);
  });

  test("what is longer than is kept, and not read, throws slow_consumer, and nothing else ends", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), token("1-1", "begin"));
    const [turn] = await take(turns, 1);
    const text = codeOf(turn?.text ?? Promise.resolve());
    for (let n = 2; n <= 160; n += 1) call.send(token(`1-${n}`, "x".repeat(60_000)));
    expect(await text).toBe("slow_consumer");
    expect(await me.send("still here")).toBeNull();
    await me.close();
  });

  test("a gap ends the text of its stream alone; asked to skip it, none", async () => {
    const { me, call } = await joinQuickly(broker);
    const [strict, lenient] = [me.turns(), me.turns({ gaps: "skip" })];
    call.send(came(), came("other", OTHER_ID), token("1-1", "a"), token("9-1", "b", OTHER));
    const texts = (await take(strict, 2)).map(({ text }) => text);
    const [skipping] = (await take(lenient, 1)).map(({ text }) => text);
    call.send(token("1-4", "d"), end("1-5"), end("9-2", OTHER));
    expect(await codeOf(texts[0] ?? Promise.resolve())).toBe("tokens_lost");
    expect(await texts[1]).toBe("b");
    expect(await skipping).toBe("ad");
    await me.close();
  });

  test("a connection that breaks within a turn ends its text with tokens_lost once it is back", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), token("1-1", "a"));
    const [turn] = await take(turns, 1);
    const text = codeOf(turn?.text ?? Promise.resolve());
    call.cut();
    const again = await broker.call();
    again.join();
    expect(await text).toBe("tokens_lost");
    await me.close();
  });

  test("the turn at which a loop is left goes on to its end", async () => {
    const { me, call } = await joinQuickly(broker);
    const turns = me.turns();
    call.send(came(), token("1-1", "one"));
    let text = Promise.resolve("");
    for await (const turn of turns) {
      ({ text } = turn);
      break;
    }
    call.send(token("1-2", " two"), end("1-3"), token("1-4", "nobody's"));
    expect(await text).toBe("one two");
    expect(await turns.next()).toEqual({ value: undefined, done: true });
    await me.close();
  });

  test("end with the connection, and a signal stops them and what is being read", async () => {
    const { me, call } = await joinQuickly(broker);
    const stop = new AbortController();
    const turns = me.turns({ signal: stop.signal });
    const others = me.turns();
    call.send(came(), token("1-1", "a"));
    const [turn] = await take(turns, 1);
    const [kept] = await take(others, 1);
    const texts = [
      codeOf(turn?.text ?? Promise.resolve()),
      codeOf(kept?.text ?? Promise.resolve()),
    ];
    stop.abort();
    expect(await texts[0]).toBe("aborted");
    expect(await codeOf(turns.next())).toBe("aborted");
    call.close(4005, "conversation_closed");
    expect(await texts[1]).toBe("conversation_closed");
    expect(await codeOf(others.next())).toBe("conversation_closed");
    expect(await me.closed).toMatchObject({ code: "conversation_closed" });
  });
});
