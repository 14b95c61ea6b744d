import { AmsError, type Peer } from "@ams/client";
import { expect, test } from "vitest";
import { Outgoing, type Sender } from "./outgoing.ts";

const END = "|";
const UNKNOWN = new AmsError("delivery_unknown", "The connection broke before the receipt.");

type Frame = {
  readonly data: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * A connection that takes frames and receipts them when the test says so, and gives back what waits
 * as the SDK does.
 */
function connection(outgoing: Outgoing, peers = 1) {
  const waiting: Frame[] = [];
  const handed: Frame[] = [];
  const out: string[] = [];
  const peer = (index: number): [string, Peer] => [
    `str_${index}`,
    { streamId: `str_${index}`, streamName: "x", ownerAccountId: "acc_1", metadata: {} },
  ];
  const roster = new Map(Array.from({ length: peers }, (_, index) => peer(index)));
  const put = (data: string, signal?: AbortSignal) =>
    new Promise<null>((resolve, reject) => {
      const frame: Frame = { data, resolve: () => resolve(null), reject };
      waiting.push(frame);
      signal?.addEventListener("abort", () => {
        if (waiting.includes(frame)) waiting.splice(waiting.indexOf(frame), 1);
        reject(new AmsError("aborted", "Taken back."));
      });
    });
  const sender: Sender = {
    peers: roster,
    send: (data, options) => put(data, options?.signal),
    endTurn: (options) => put(END, options?.signal),
  };
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  /** The socket takes what waits. */
  const take = async () => {
    await settle();
    for (const frame of waiting.splice(0)) {
      out.push(frame.data);
      handed.push(frame);
      if (frame.data !== END) outgoing.wentOut();
    }
  };
  /** Takes and receipts frames until nothing more comes. */
  const drain = async () => {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await take();
      if (handed.length > 0) quiet = 0;
      for (const frame of handed.splice(0)) frame.resolve();
    }
  };
  const breakOff = async () => {
    for (const frame of handed.splice(0)) frame.reject(UNKNOWN);
    await settle();
  };
  const join = () => roster.set(...peer(99));
  outgoing.open(sender);
  return { out, take, drain, breakOff, settle, join };
}

test("a text of several tokens is never interrupted by the next one, and each ends its turn", async () => {
  const outgoing = new Outgoing();
  const { out, drain } = connection(outgoing);
  const both = Promise.all([outgoing.send(["a", "b", "c"]), outgoing.send(["QUICK"])]);
  await drain();
  const arrived = { kind: "arrived", hadReaders: true };
  expect(await both).toEqual([arrived, arrived]);
  expect(out).toEqual(["a", "b", "c", END, "QUICK", END]);
});

test("a text has arrived with its receipt, and not before", async () => {
  const outgoing = new Outgoing();
  const { take, drain, settle } = connection(outgoing);
  let sent: unknown = null;
  void outgoing.send(["a"]).then((result) => {
    sent = result;
  });
  await take();
  await settle();
  expect(sent).toBe(null);
  await drain();
  expect(sent).toEqual({ kind: "arrived", hadReaders: true });
});

test("what arrived when nobody else was there had no readers, unless one came before the receipt", async () => {
  const outgoing = new Outgoing();
  const alone = connection(outgoing, 0);
  const first = outgoing.send(["a"]);
  await alone.drain();
  expect(await first).toEqual({ kind: "arrived", hadReaders: false });
  const second = outgoing.send(["b"]);
  await alone.take();
  alone.join();
  await alone.drain();
  expect(await second).toEqual({ kind: "arrived", hadReaders: true });
});

test("what waits when a connection is given up goes out on the next one, once", async () => {
  const outgoing = new Outgoing();
  const first = connection(outgoing);
  const sent = Promise.all([outgoing.send(["a", "b"]), outgoing.send(["c"])]);
  await first.settle();
  outgoing.pause();
  await first.take();
  expect(first.out).toEqual([]);
  const second = connection(outgoing);
  await second.drain();
  expect((await sent).map(({ kind }) => kind)).toEqual(["arrived", "arrived"]);
  expect(second.out).toEqual(["a", "b", END, "c", END]);
});

test.each([
  ["the connection breaks", async (on: ReturnType<typeof connection>) => on.breakOff()],
  ["the connection is given up", async (_on: unknown, outgoing: Outgoing) => outgoing.pause()],
])("when %s before a receipt, what is in doubt is not sent again by itself", async (_what, end) => {
  const outgoing = new Outgoing();
  const first = connection(outgoing);
  const sent = outgoing.send(["a", "b"]);
  await first.take();
  await end(first, outgoing);
  expect(await sent).toEqual({ kind: "unknown", rest: "ab" });
  const second = connection(outgoing);
  const next = outgoing.send(["c"]);
  await second.drain();
  expect((await next).kind).toBe("arrived");
  // The turn may be open for its readers: it ends before the next text begins.
  expect(second.out).toEqual([END, "c", END]);
});

test("when it ends for good, what is not known to have arrived is given back", async () => {
  const outgoing = new Outgoing();
  const error = new AmsError("conversation_closed", "It is closed.");
  const { take, drain } = connection(outgoing);
  const first = outgoing.send(["a"]);
  await drain();
  const second = outgoing.send(["b", "c"]);
  await take();
  outgoing.end(error);
  expect((await first).kind).toBe("arrived");
  expect(await second).toEqual({ kind: "unknown", rest: "bc" });
  expect(await outgoing.send(["d"])).toEqual({ kind: "failed", error, rest: "d" });
});
