import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { all, codeOf } from "../testing/collect.ts";
import { type FakeBroker, startFakeBroker, TS } from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";
import { splitText } from "./token.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const receipt = (n: number) => ({ type: "x_receipt", seq: `1-${n}`, ts: TS });

describe("send", () => {
  test("sends a token as it is, and resolves with null", async () => {
    const { me, call } = await joinQuickly(broker);
    expect(await me.send('é"\n')).toBeNull();
    expect(await call.frame()).toEqual({ type: "token", data: 'é"\n' });
    await me.close();
  });

  test("§4.8 with receipts resolves with the position and time of this very token", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const sent = Promise.all([me.send("a"), me.setMetadata({ x: 1 }), me.send("b")]);
    for (let n = 1; n <= 3; n += 1) await call.frame();
    call.send(receipt(1), receipt(2), receipt(3));
    expect(await sent).toEqual([1, 2, 3].map((n) => ({ seq: `1-${n}`, ts: TS })));
    await me.close();
  });

  test("§4.3.1 a token of 65,536 bytes goes out, one byte more is refused and never split", async () => {
    const { me, call } = await joinQuickly(broker);
    await me.send(`${"€".repeat(21_845)}x`);
    expect(String((await call.frame()).data)).toHaveLength(21_846);
    expect(await codeOf(me.send(`${"€".repeat(21_845)}xx`))).toBe("token_too_large");
    expect(await codeOf(me.send(7 as never))).toBe("invalid_argument");
    await me.send("next");
    expect((await call.frame()).data).toBe("next");
    await me.close();
  });

  test("while there is no connection waits up to the buffer's limit, then rejects with backpressure", async () => {
    const { me, call } = await joinQuickly(broker, { sendBufferBytes: 1_000 });
    call.cut();
    const events = me.events();
    for await (const event of events) if (event.type === "reconnecting") break;
    const kept = me.send("x".repeat(900));
    expect(await codeOf(me.send("x".repeat(100)))).toBe("backpressure");
    const again = await broker.call();
    again.join();
    await kept;
    expect(String((await again.frame()).data)).toHaveLength(900);
    await me.send("space again");
    expect((await again.frame()).data).toBe("space again");
    await me.close();
  });

  test("to a broker that reads nothing fills the buffer, and then rejects instead of growing", async () => {
    const { me, call } = await joinQuickly(broker, { sendBufferBytes: 300_000 });
    call.freeze();
    const results = new Set<string>();
    const data = "x".repeat(65_000);
    // Kernel buffers of loopback take some megabytes first.
    for (let n = 0; n < 400 && results.size === 0; n += 1) {
      me.send(data).catch((error) => results.add(error.code));
      await new Promise(setImmediate);
    }
    expect(results).toEqual(new Set(["backpressure"]));
    call.cut();
    await me.close();
  });

  test("§7.7 a frame without a receipt is in doubt, and takes no other's", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const sent = ["a", "b", "c", "d"].map((data) => me.send(data));
    for (let n = 1; n <= 4; n += 1) await call.frame();
    const doubted = [sent[0], sent[2]].map((one) => codeOf(one ?? Promise.resolve()));
    call.send(receipt(2), receipt(4));
    expect(await sent[1]).toEqual({ seq: "1-2", ts: TS });
    expect(await sent[3]).toEqual({ seq: "1-4", ts: TS });
    expect(await Promise.all(doubted)).toEqual(["delivery_unknown", "delivery_unknown"]);
    await me.close();
  });

  test("§4.8 whose receipt never comes is in doubt, and says so", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const sent = codeOf(me.send("a"));
    await call.frame();
    call.cut();
    expect(await sent).toBe("delivery_unknown");
    (await broker.call()).join();
    await me.close();
  });

  test("with receipts and a signal is out or not, and one that was not never goes out", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const stop = new AbortController();
    const out = codeOf(me.send("out", { signal: stop.signal }));
    expect((await call.frame()).data).toBe("out");
    stop.abort();
    expect(await out).toBe("aborted");
    call.cut();
    for await (const event of me.events()) if (event.type === "reconnecting") break;
    const stopWaiting = new AbortController();
    const waiting = codeOf(me.send("waiting", { signal: stopWaiting.signal }));
    stopWaiting.abort();
    expect(await waiting).toBe("aborted");
    const next = me.send("next");
    const again = await broker.call();
    again.join();
    expect((await again.frame()).data).toBe("next");
    again.send(receipt(1));
    expect(await next).toEqual({ seq: "1-1", ts: TS });
    await me.close();
  });

  test("gives up with the connection, when that has tried to come back for as long as it may", async () => {
    const { me, call } = await joinQuickly(broker, { reconnectForMs: 60 }, {}, { dialMs: 20 });
    call.cut();
    for await (const event of me.events()) if (event.type === "reconnecting") break;
    expect(await codeOf(me.send("waiting"))).toBe("connection_lost");
    expect(await codeOf(me.send("late"))).toBe("connection_lost");
    expect(await codeOf(me.pipe(new ReadableStream<string>()))).toBe("connection_lost");
  });

  test("is taken back by its signal while it waits", async () => {
    const { me, call } = await joinQuickly(broker);
    call.cut();
    const stop = new AbortController();
    for await (const event of me.events()) if (event.type === "reconnecting") break;
    const sent = codeOf(me.send("never", { signal: stop.signal }));
    const kept = me.send("kept");
    stop.abort();
    expect(await sent).toBe("aborted");
    const again = await broker.call();
    again.join();
    await kept;
    expect((await again.frame()).data).toBe("kept");
    expect(await codeOf(me.send("x", { signal: AbortSignal.abort() }))).toBe("aborted");
    await me.close();
  });
});

describe("setMetadata", () => {
  test("endTurn sends the sentinel as a token, and leaves the metadata alone", async () => {
    const { me, call } = await joinQuickly(broker, { streamMetadata: { name: "Ada" } });
    await me.endTurn();
    const data = '{"ams.convention.v1":"end_of_turn"}';
    expect(await call.frame()).toEqual({ type: "token", data });
    expect(me.metadata).toEqual({ name: "Ada" });
    await me.close();
  });

  test("replaces the own metadata", async () => {
    const { me, call } = await joinQuickly(broker, { streamMetadata: { name: "Ada" } });
    const expected = { name: "Grace" };
    await me.setMetadata(expected);
    expect(await call.frame()).toEqual({ type: "set_metadata", metadata: expected });
    expect(me.metadata).toEqual(expected);
    expect(await codeOf(me.setMetadata({}, { signal: AbortSignal.abort() }))).toBe("aborted");
    expect(me.metadata).toEqual(expected);
    await me.close();
  });

  test("§4.3.2 refuses what the broker would close for", async () => {
    const { me } = await joinQuickly(broker);
    for (const bad of [[], null, "x", { x: "x".repeat(16_384) }, { n: 1n }, deep(127)]) {
      expect(await codeOf(me.setMetadata(bad as never))).toBe("invalid_metadata");
    }
    await me.setMetadata(deep(126));
    await me.close();
  });
});

describe("ping", () => {
  test("measures the way there and back", async () => {
    const { me, call } = await joinQuickly(broker);
    const measured = me.ping();
    expect(await call.frame()).toEqual({ type: "ping" });
    call.send({ type: "pong" });
    expect(await measured).toBeGreaterThan(0);
    await me.close();
  });

  test("fails with the connection, by its signal, and when there are too many", async () => {
    const { me, call } = await joinQuickly(broker);
    const stop = new AbortController();
    const pinged = codeOf(me.ping({ signal: stop.signal }));
    stop.abort();
    expect(await pinged).toBe("aborted");
    const pings = Array.from({ length: 64 }, () => codeOf(me.ping()));
    expect(await pings.at(-1)).toBe("backpressure");
    call.cut();
    expect(new Set(await Promise.all(pings.slice(0, -1)))).toEqual(new Set(["connection_lost"]));
    expect(await codeOf(me.ping())).toBe("connection_lost");
    (await broker.call()).join();
    await me.close();
  });
});

describe("close", () => {
  test("sends what waits, closes with 1000, ends every iterator, and refuses what comes after", async () => {
    const { me, call } = await joinQuickly(broker);
    const tokens = all(me.tokens());
    for (let n = 0; n < 1_000; n += 1) me.send(`${n}`).catch(() => {});
    const closing = me.close();
    expect(await codeOf(me.send("late"))).toBe("closed");
    expect(await codeOf(me.pipe(["late"]))).toBe("closed");
    await closing;
    await me.close();
    expect(await call.closed).toBe(1000);
    for (let n = 0; n < 1_000; n += 1) expect((await call.frame()).data).toBe(`${n}`);
    expect(await tokens).toEqual([]);
    expect(await me.closed).toBeNull();
  });

  test("with nothing to send begins in the very call, so that what is asked after it finds the stream gone", async () => {
    const { me } = await joinQuickly(broker);
    const closing = vi.fn();
    me.on("closed", closing);
    const closed = me.close();
    expect(closing).toHaveBeenCalledOnce();
    await closed;
  });

  test("doesn't wait endlessly for receipts", async () => {
    const { me } = await joinQuickly(broker, { receipts: true });
    const sent = codeOf(me.send("a"));
    await me.close();
    expect(await sent).toBe("delivery_unknown");
  });
});

test("splitText cuts at 65,536 bytes and never within a character", () => {
  const text = `${"x".repeat(65_535) + "𝄞".repeat(16_384)}end`;
  const tokens = splitText(text);
  expect(tokens.join("")).toBe(text);
  expect(tokens.map((token) => Buffer.byteLength(token))).toEqual([65_535, 65_536, 3]);
  expect(splitText("")).toEqual([""]);
});

function deep(levels: number): Record<string, unknown> {
  return levels === 0 ? {} : { a: deep(levels - 1) };
}
