// A deployment that dies, comes back, goes away in good order or freezes, under an SDK that must
// lose nothing in silence.
import { randomBytes } from "node:crypto";
import type { AmsEvent, Connection, JoinOptions } from "@ams/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { describeEach, TWO_DOORS } from "./entries.ts";
import { all, failure, next, take } from "./reading.ts";

let ams: Standalone;
beforeEach(async () => {
  ams = await startStandalone({ AMS_DRAIN_SPREAD_MS: "50" });
});
afterEach(() => ams.stop());

describeEach((sdk) => {
  const open: Connection[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });

  const pair = async (options: Partial<JoinOptions> = {}) => {
    const namespace = `out-${randomBytes(6).toString("hex")}`;
    const { createAccount, join } = sdk();
    const account = await createAccount(ams.url, { namespace });
    const { magicLink } = await account.mint();
    const { credential } = account;
    const reader = await join(magicLink, { credential, streamName: "reader" });
    const writer = await join(magicLink, {
      credential,
      streamName: "writer",
      receipts: true,
      ...options,
    } as JoinOptions);
    open.push(reader, writer);
    return { account, magicLink, reader, writer };
  };

  test("§4.6 a killed broker: the same names come back, and every token with a receipt is heard or in a gap", async () => {
    const { reader, writer } = await pair();
    const seen: AmsEvent[] = [];
    const reading = (async () => {
      for await (const event of reader.events()) seen.push(event);
    })();
    const back = [next(writer, "reconnecting"), next(reader, "reconnecting")];
    const received = new Map<string, string>(); // By seq, what the broker has taken.
    const doubted: string[] = [];
    let count = 0;
    let sending = true;
    const send = async () => {
      while (sending) {
        const data = String(count++);
        const receipt = await writer.send(data).catch((error: Error) => {
          if (!("code" in error) || error.code !== "delivery_unknown") throw error;
          doubted.push(data);
          return null;
        });
        if (receipt !== null) received.set(receipt.seq, data);
      }
    };
    const senders = [send(), send(), send()];
    await take(reader.tokens(), 200);
    await ams.restart("SIGKILL");
    await Promise.all(back);
    const { streamName, streamId } = writer;
    await reader.peer(streamId);
    await take(reader.tokens({ from: streamId }), 200);
    sending = false;
    await Promise.all(senders);
    const last = await writer.send("last");
    while (!seen.some((event) => event.type === "token" && event.seq === last?.seq)) {
      await next(reader, "token");
    }
    await reader.close();
    await reading;
    expect(streamName).toBe("writer");
    const joins = seen.filter((event) => event.type === "joined");
    expect(joins.map((event) => [event.streamName, event.reconnected])).toEqual([
      ["reader", false],
      ["reader", true],
    ]);
    const heard = new Map<string, string>();
    for (const event of seen) {
      if (event.type !== "token") continue;
      expect(heard.has(event.seq)).toBe(false);
      heard.set(event.seq, event.data);
    }
    // What was taken and is not heard lies between the seqs of a gap, or behind the last seq that
    // was heard of its epoch.
    const gaps = seen.filter((event) => event.type === "gap");
    for (const [seq, data] of received) {
      if (heard.get(seq) === data) continue;
      expect(gaps.some((gap) => isBetween(seq, gap.after, gap.before))).toBe(true);
    }
    expect(doubted.length).toBeLessThanOrEqual(3);
    expect(new Set(heard.values()).size).toBe(heard.size);
  });

  test("what is sent while the broker is away waits and arrives", async () => {
    const { reader, writer } = await pair();
    const away = [next(reader, "reconnecting"), next(writer, "reconnecting")];
    await ams.halt("SIGKILL");
    await Promise.all(away);
    const back = returned(reader);
    await ams.resume();
    await back;
    const heard = reader.tokens();
    expect(await writer.send("after")).toMatchObject({ seq: expect.any(String) });
    expect((await take(heard, 1))[0]).toMatchObject({ streamName: "writer", data: "after" });
  });

  test("server gone for good: it ends in its time, with one sentence, and a text says so too", async () => {
    const { reader, writer } = await pair({ reconnectForMs: 200 });
    const text = failure(all(writer.text("reader")));
    const piping = failure(writer.pipe(new ReadableStream<string>()));
    await ams.halt("SIGKILL");
    expect(await writer.closed).toMatchObject({ code: "connection_lost" });
    expect((await text).code).toBe("connection_lost");
    expect((await piping).code).toBe("connection_lost");
    expect((await failure(writer.ping())).code).toBe("connection_lost");
    await reader.close();
    expect(await reader.closed).toBeNull();
  });

  test("§4.9 a drain is announced and followed: back under the same name, once the broker is", async () => {
    const { reader, writer } = await pair();
    const draining = next(writer, "draining");
    const back = [returned(reader), returned(writer)];
    await ams.restart("SIGTERM");
    expect((await draining).reconnectAfterMs).toBeGreaterThanOrEqual(0);
    await Promise.all(back);
    const heard = reader.tokens();
    await writer.send("after");
    expect((await take(heard, 1))[0]).toMatchObject({ streamName: "writer", data: "after" });
  });

  test("a frozen broker: the buffer fills up to its limit, then sends are refused and a pipe stops reading", async () => {
    const { writer } = await pair({ receipts: false, sendBufferBytes: 1_000_000 });
    const token = "x".repeat(65_000);
    process.kill(ams.pid(), "SIGSTOP");
    try {
      const abort = new AbortController();
      let read = 0;
      async function* endless() {
        for (;;) {
          read += 1;
          yield token;
        }
      }
      const piping = failure(writer.pipe(endless(), { signal: abort.signal }));
      const sends: Promise<unknown>[] = [];
      // The system's own buffers take some first, which differs: go on until the SDK's is full.
      const full = new Promise<AmsEvent | null>((resolve) => {
        const more = () => {
          const send = writer.send(token);
          sends.push(send.catch((error) => resolve(error)));
          setTimeout(more, 0);
        };
        more();
      });
      expect(await full).toMatchObject({ code: "backpressure" });
      const before = read;
      for (let count = 0; count < 20; count += 1) {
        expect((await failure(writer.send(token))).code).toBe("backpressure");
      }
      expect(read - before).toBeLessThanOrEqual(1);
      expect(read).toBeLessThan(1_000);
      abort.abort();
      expect((await piping).code).toBe("aborted");
    } finally {
      process.kill(ams.pid(), "SIGCONT");
    }
    expect(await writer.ping()).toBeGreaterThan(0);
  });

  test("a reader that doesn't read gets what its queue holds, then slow_consumer; others go on", async () => {
    const { reader, writer } = await pair();
    const slow = reader.tokens();
    let heard = 0;
    const done = new Promise<void>((resolve) => {
      reader.on("token", ({ data }) => {
        if (data === "last") resolve();
        else heard += 1;
      });
    });
    const token = "x".repeat(60_000);
    for (let count = 0; count < 160; count += 1) await writer.send(token);
    await writer.send("last");
    await done;
    expect(heard).toBe(160);
    let given = 0;
    const reading = (async () => {
      for await (const { data } of slow) given += data.length;
    })();
    expect((await failure(reading)).code).toBe("slow_consumer");
    expect(given).toBeGreaterThan(8_000_000);
    expect(given).toBeLessThanOrEqual(8_388_608);
  });
}, TWO_DOORS);

/** Resolves when the connection has joined for another time. */
async function returned(connection: Connection): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = connection.on("joined", (event) => {
      if (!event.reconnected) return;
      stop();
      resolve();
    });
  });
}

/** True for a seq behind `after` and before `before`, either of which may be unknown. */
function isBetween(seq: string, after: string | null, before: string | null): boolean {
  const isBehind = after === null || compare(after, seq) < 0;
  return isBehind && (before === null || compare(seq, before) < 0);
}

function compare(a: string, b: string): number {
  const [epochA = 0, nA = 0] = a.split("-").map(Number);
  const [epochB = 0, nB = 0] = b.split("-").map(Number);
  return epochA - epochB || nA - nB;
}
