import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { END_OF_TURN_DATA } from "../listening/conventions.ts";
import { codeOf } from "../testing/collect.ts";
import { type FakeBroker, type FakeCall, startFakeBroker, TS } from "../testing/fake-broker.ts";
import { joinQuickly } from "../testing/quick.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const receipt = (n: number) => ({ type: "x_receipt", seq: `1-${n}`, ts: TS });

async function data(call: FakeCall, count: number): Promise<unknown[]> {
  const frames: unknown[] = [];
  while (frames.length < count) frames.push((await call.frame()).data);
  return frames;
}

describe("pipe", () => {
  async function* words(...list: string[]) {
    yield* list;
  }

  test("sends what comes from generators, arrays and ReadableStreams, each item one token", async () => {
    const { me, call } = await joinQuickly(broker);
    const sources = [words("a", "b"), ["a", "b"], streamOf("a", "b")];
    for (const source of sources) {
      expect(await me.pipe(source)).toEqual({ tokens: 2, receipt: null });
      expect(await data(call, 3)).toEqual(["a", "b", END_OF_TURN_DATA]);
    }
    await me.close();
  });

  test("ends the turn after the last token, unless asked not to or nothing was sent", async () => {
    const { me, call } = await joinQuickly(broker);
    await me.pipe(["a"], { endTurn: false });
    await me.pipe([]);
    await me.pipe([{ text: "b" }], (item) => item.text);
    expect(await data(call, 3)).toEqual(["a", "b", END_OF_TURN_DATA]);
    await me.close();
  });

  test("takes a ReadableStream that can't be iterated, as some browsers have", async () => {
    const { me, call } = await joinQuickly(broker);
    const stream = streamOf("a");
    expect(await me.pipe({ getReader: () => stream.getReader() })).toMatchObject({ tokens: 1 });
    expect((await call.frame()).data).toBe("a");
    await me.close();
  });

  test("loses nothing of a source that only serves who listens at once, as a readline interface does", async () => {
    const { me, call } = await joinQuickly(broker);
    const input = new PassThrough();
    const piped = me.pipe(createInterface({ input }));
    input.end("a\nb\n");
    expect(await piped).toMatchObject({ tokens: 2 });
    expect([(await call.frame()).data, (await call.frame()).data]).toEqual(["a", "b"]);
    await me.close();
  });

  test("takes what a picker picks, and passes over null and undefined", async () => {
    const { me, call } = await joinQuickly(broker);
    const chunks = [{ text: "a" }, { text: null }, {}, { text: "" }, { text: "b" }];
    expect((await me.pipe(chunks, (chunk) => chunk.text)).tokens).toBe(3);
    const data = [await call.frame(), await call.frame(), await call.frame()];
    expect(data.map((frame) => frame.data)).toEqual(["a", "", "b"]);
    await me.close();
  });

  test("with receipts resolves when the broker has taken all", async () => {
    const { me, call } = await joinQuickly(broker, { receipts: true });
    const piped = me.pipe(["a", "b", "c"]);
    for (let n = 1; n <= 4; n += 1) {
      await call.frame();
      call.send(receipt(n));
    }
    expect(await piped).toEqual({ tokens: 3, receipt: { seq: "1-3", ts: TS } });
    await me.close();
  });

  test("reads its source no faster than the connection takes it", async () => {
    const { me, call } = await joinQuickly(broker);
    call.freeze();
    let pulled = 0;
    async function* endless() {
      for (;;) {
        pulled += 1;
        yield "x".repeat(65_000);
      }
    }
    const piping = codeOf(me.pipe(endless()));
    let before = -1;
    await vi.waitFor(
      () => {
        const stays = pulled === before;
        before = pulled;
        expect(stays).toBe(true);
      },
      { timeout: 4_000, interval: 100 },
    );
    expect(pulled).toBeLessThan(400);
    const closing = me.close();
    expect(await piping).toBe("closed");
    call.cut();
    await closing;
  });

  test("waits for the connection to come back, and goes on", async () => {
    const { me, call } = await joinQuickly(broker);
    const { readable, writable } = new TransformStream<string, string>();
    const writer = writable.getWriter();
    const piped = me.pipe(readable);
    await writer.write("a");
    expect((await call.frame()).data).toBe("a");
    call.cut();
    for await (const event of me.events()) if (event.type === "reconnecting") break;
    await writer.write("b");
    await writer.close();
    const again = await broker.call();
    again.join();
    expect((await again.frame()).data).toBe("b");
    expect((await piped).tokens).toBe(2);
    await me.close();
  });

  test("rejects and cancels its source when the connection ends, though the source is silent", async () => {
    const { me, call } = await joinQuickly(broker);
    const cancel = vi.fn();
    const piped = codeOf(me.pipe(new ReadableStream<string>({ cancel })));
    call.close(4005, "conversation_closed");
    expect(await piped).toBe("conversation_closed");
    expect(cancel).toHaveBeenCalled();
  });

  test("rejects and cancels for a token too large, no text, a picker that throws, and by its signal", async () => {
    const { me } = await joinQuickly(broker);
    const cancelled = vi.fn();
    async function* source(item: unknown) {
      try {
        yield item;
        await new Promise(() => {});
      } finally {
        cancelled();
      }
    }
    expect(await codeOf(me.pipe(source("x".repeat(65_537)) as never))).toBe("token_too_large");
    expect(await codeOf(me.pipe(source(7) as never))).toBe("invalid_argument");
    const thrower = () => {
      throw new Error("the picker's own fault");
    };
    expect(await codeOf(me.pipe(source("x"), thrower))).toBe("source_failed");
    expect(cancelled).toHaveBeenCalledTimes(3);
    const stop = new AbortController();
    const piped = codeOf(me.pipe(source("x") as never, { signal: stop.signal }));
    stop.abort();
    expect(await piped).toBe("aborted");
    expect(await codeOf(me.pipe("text" as never))).toBe("invalid_argument");
    await me.close();
  });

  test("of a source that throws rejects with source_failed and the source's error as cause", async () => {
    const { me } = await joinQuickly(broker);
    const fault = new Error("model overloaded");
    async function* failing() {
      yield "a";
      throw fault;
    }
    await expect(me.pipe(failing())).rejects.toMatchObject({ code: "source_failed", cause: fault });
    await me.close();
  });
});

function streamOf(...items: string[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}
