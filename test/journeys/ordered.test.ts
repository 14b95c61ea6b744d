/** Ten thousand numbered tokens over two gateways, at several sizes, from three streams at once. */
import { expect, test } from "vitest";
import { createAccount, mint } from "../conformance/driver.ts";
import { readSeq } from "../conformance/invariants.ts";
import { type FrameOf, join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";

/** Bytes of a token, and how many each of the three streams sends: 10,002, 3,000 and 300 in all. */
const LOADS = [
  { bytes: 20, each: 3_334 },
  { bytes: 1_000, each: 1_000 },
  { bytes: 65_536, each: 100 },
];
const STREAMS = ["first", "second", "third"];

/**
 * Tokens of a stream that a sender may be ahead of its receipts, in bytes: below what a socket's
 * limit takes.
 */
const AHEAD_BYTES_MAX = 200_000;

onRedis("over two gateways", () => {
  inCluster({ gateways: 2 });

  test.for(LOADS)(
    "§5.2 §5.3 §4.8 $each tokens of $bytes bytes from each of three streams arrive complete, once and in order, with a receipt for each",
    async ({ bytes, each }) => {
      const ann = await createAccount();
      const minted = await mint(ann);
      const readers = await Promise.all(
        [0, 1].map((at) => join(minted, { as: ann, name: `reader-${at}`, at })),
      );
      const headers = { "x-ams-receipts": "true", "x-ams-self-subscribe": "true" };
      const senders = await Promise.all(
        STREAMS.map((name, at) => join(minted, { as: ann, name, at, headers })),
      );
      const texts = range(each).map((n) => `${n} `.padEnd(bytes, "."));
      await Promise.all(senders.map((sender) => sendPaced(sender, texts)));
      for (const reader of [...readers, ...senders]) {
        await reader.see("every token", () => reader.heard.length >= 3 * each, 30_000);
        for (const sender of senders) expectAll(reader, sender, texts);
        expect(framesOf(reader, "x_gap")).toEqual([]);
      }
      for (const sender of senders) {
        const receipts = framesOf(sender, "x_receipt").map(({ seq }) => readSeq(seq).n);
        expect(receipts).toEqual(range(each).map((n) => n + 1));
      }
    },
  );
});

/** Sends them as fast as they are taken: so far ahead of the receipts and no farther. */
async function sendPaced(sender: Subscriber, texts: readonly string[]): Promise<void> {
  const ahead = Math.max(1, Math.floor(AHEAD_BYTES_MAX / (texts[0]?.length ?? 1)));
  let [looked, received] = [0, 0];
  const receipts = () => {
    for (; looked < sender.frames.length; looked += 1) {
      if (sender.frames[looked]?.type === "x_receipt") received += 1;
    }
    return received;
  };
  for (const [sent, text] of texts.entries()) {
    if (sent - received >= ahead) await sender.see("receipts", () => sent - receipts() < ahead);
    sender.say(text);
  }
  await sender.see("all receipts", () => receipts() === texts.length, 30_000);
}

function expectAll(reader: Subscriber, sender: Subscriber, texts: readonly string[]): void {
  const tokens = framesOf(reader, "token").filter(({ stream_id }) => stream_id === sender.id);
  const { epoch } = sender.joined;
  expect(tokens.map(({ seq }) => seq)).toEqual(texts.map((_, n) => `${epoch}-${n + 1}`));
  expect(tokens.every(({ data }, n) => data === texts[n])).toBe(true);
}

function framesOf<Type extends "token" | "x_gap" | "x_receipt">(
  reader: Subscriber,
  type: Type,
): FrameOf<Type>[] {
  return reader.frames.filter((frame): frame is FrameOf<Type> => frame.type === type);
}
