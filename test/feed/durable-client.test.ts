/**
 * The published TypeScript client of Durable Streams reads a conversation while gateways, feeds and
 * its own connections end: it catches up, follows and sees the end, with nothing lost or doubled.
 */
import { type Connection, createAccount, join } from "@ams/client";
import { stream } from "@durable-streams/client";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { type Cluster, startCluster } from "../cluster.ts";

const hasRedis = findRedisBinary() !== null;

/** Words that the writer says, and after which of them something is killed. */
const WORDS = 300;
const KILLS: Readonly<Record<number, "gateway" | "feed">> = { 80: "gateway", 180: "feed" };

let cluster: Cluster;

beforeAll(async () => {
  if (hasRedis) cluster = await startCluster({ gateways: 3, edges: { feed: 2 } });
});
afterAll(() => cluster?.stop());

/** The address of something below the link, as a client is given it. */
function addressOf(link: string, below: string): string {
  const { origin, pathname, search } = new URL(link);
  return `${origin}${pathname}${below}${search}`;
}

/** Says all words, kills what is to be killed, and leaves. */
async function say(writer: Connection): Promise<string> {
  const words = Array.from({ length: WORDS }, (_, index) => ` ${index}\n`);
  for (const [index, word] of words.entries()) {
    await sendSurely(writer, word);
    const victim = KILLS[index];
    const members = victim === "feed" ? (cluster.edges.feed ?? []) : cluster.gateways;
    if (victim !== undefined) await members.find((one) => one.isRunning())?.kill();
  }
  await writer.close();
  return words.join("");
}

/** A receipt that is lost with its gateway says nothing: this writer waits for its turn instead. */
async function sendSurely(writer: Connection, word: string): Promise<void> {
  const receipt = await writer.send(word).catch(() => null);
  if (receipt !== null) return;
  throw new Error("the writer lost its gateway");
}

/** The writer's gateway is the last one, which is not killed. */
function writerLink(link: string): string {
  const { origin } = new URL(cluster.gateways.at(-1)?.url ?? "");
  return link.replace(new URL(link).origin, origin);
}

test.runIf(hasRedis)(
  "a client of Durable Streams misses nothing, by long poll and by events",
  async () => {
    const account = await createAccount(cluster.url);
    const { magicLink } = await account.mint({ replay: { ttlS: 600, maxBytes: 4_194_304 } });
    const writer = await join(writerLink(magicLink), {
      credential: account.credential,
      streamName: "scribe",
      receipts: true,
    });
    await sendSurely(writer, "first\n");
    const url = addressOf(magicLink, "/streams/scribe/text");
    const reading = Promise.all([readAll(url, "long-poll"), readAll(url, "sse")]);
    const log = await readEvents(addressOf(magicLink, "/log"));
    const said = `first\n${await say(writer)}`;
    expect(await reading).toEqual([said, said]);
    // Whoever comes afterwards has the same.
    expect(await (await stream({ url, offset: "-1", live: false })).text()).toBe(said);
    await expect.poll(() => log.text(), { timeout: 30_000 }).toBe(said);
    log.close();
  },
  120_000,
);

/**
 * All of a stream until it is closed. A connection that is cut is an error of the client: its
 * program goes on at the offset of the last piece that it took.
 */
async function readAll(url: string, live: "long-poll" | "sse"): Promise<string> {
  let [text, offset, isClosed] = ["", "-1", false];
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      const response = await stream({ url, offset, live, onError: () => ({}) });
      const last = new Promise<void>((resolve) => {
        response.subscribeText((piece) => {
          text += piece.text;
          offset = piece.offset;
          isClosed = piece.streamClosed;
          if (isClosed) resolve();
        });
      });
      // Its `closed` may resolve before the last piece was given.
      await Promise.race([last, response.closed.then(() => (response.streamClosed ? last : null))]);
      if (isClosed) return text;
    } catch {
      // Its connection was cut.
    }
  }
  throw new Error("the stream did not end");
}

/** All tokens by an EventSource, which comes back by itself with its last event id. */
async function readEvents(url: string): Promise<{ text: () => string; close: () => void }> {
  const source = new EventSource(url);
  let text = "";
  source.addEventListener("message", ({ data }) => {
    const frame: { type: string; data?: string } = JSON.parse(data);
    if (frame.type === "token") text += frame.data;
  });
  await new Promise<void>((resolve) => source.addEventListener("open", () => resolve()));
  return { text: () => text, close: () => source.close() };
}
