/**
 * §4.6 to §4.8: seq, epoch, ts and receipts. Every reader of every test also checks them on each
 * frame.
 */
import { expect, test } from "vitest";
import { account, HERE, mint, THERE } from "./driver.ts";
import { readSeq } from "./invariants.ts";
import { join } from "./subscriber.ts";

test("§4.6 n starts at 1 and rises by 1 with each token or stream_metadata, the same for every reader", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const readers = [
    await join(minted, { as: bob, name: "here", at: HERE }),
    await join(minted, { as: bob, name: "there", at: THERE }),
  ];
  const sender = await join(minted, { as: ann, name: "sender" });
  for (let n = 1; n <= 50; n += 1) {
    if (n % 5 === 0) sender.send({ type: "set_metadata", metadata: { n } });
    else sender.say(`${n}`);
    sender.send({ type: "ping" });
  }
  sender.say("last");
  const sequences = [];
  for (const reader of readers) {
    await reader.token("last");
    const own = reader.frames.filter((f) => f.type === "token" || f.type === "stream_metadata");
    sequences.push(own.map(({ seq, ts }) => ({ seq, ts })));
  }
  const expected = Array.from({ length: 51 }, (_, n) => `${sender.joined.epoch}-${n + 1}`);
  expect(sequences[0]?.map(({ seq }) => seq)).toEqual(expected);
  expect(sequences[1], "§4.6.2 ts and seq are the same for every reader").toEqual(sequences[0]);
});

test("§4.6.1 the epoch rises with each connection that takes the stream, and joined has it", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const epochs: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const sender = await join(minted, { as: ann, name: "sender", at: round });
    epochs.push(sender.joined.epoch);
    sender.say(`round ${round}`);
    const { seq } = await reader.token(`round ${round}`);
    expect(readSeq(seq)).toEqual({ epoch: sender.joined.epoch, n: 1 });
    if (round % 2 === 0) continue; // The next one takes it over.
    sender.leave();
    await reader.next("stream_left");
  }
  expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
  expect(new Set(epochs).size).toBe(4);
});

test("§4.6.3 stream_left has the stream's last seq when it is known", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  for (const count of [0, 3]) {
    const sender = await join(minted, { as: ann, name: "sender" });
    for (let n = 1; n <= count; n += 1) sender.say(`${n}`);
    await sender.drained();
    sender.leave();
    const { seq } = await reader.next("stream_left");
    if (seq !== undefined) expect(seq).toBe(`${sender.joined.epoch}-${count}`);
    expect(reader.heard).toHaveLength(count);
  }
});

test("§4.8 who asked gets one receipt for each token and each set_metadata, in order, and nobody else gets any", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const reader = await join(minted, { as: bob, name: "reader", at: THERE });
  const headers = { "x-ams-receipts": "true" };
  const sender = await join(minted, { as: ann, name: "sender", headers });
  sender.say("a");
  sender.send({ type: "set_metadata", metadata: {} });
  sender.send({ type: "x_anything" });
  sender.say("b");
  await reader.token("b");
  const seqs = [1, 2, 3].map((n) => `${sender.joined.epoch}-${n}`);
  const receipts = [];
  for (const seq of seqs) receipts.push(await sender.next("x_receipt", (f) => f.seq === seq));
  const received = reader.frames.filter((f) => f.type === "token" || f.type === "stream_metadata");
  expect(receipts.map(({ seq, ts }) => ({ seq, ts }))).toEqual(
    received.map(({ seq, ts }) => ({ seq, ts })),
  );
  const order = sender.frames.flatMap((f) => (f.type === "x_receipt" ? [f.seq] : []));
  expect(order).toEqual(seqs);
  reader.say("c");
  await sender.token("c");
  await reader.drained();
  expect(reader.frames.filter(({ type }) => type === "x_receipt")).toEqual([]);
});
