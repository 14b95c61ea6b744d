/** Conversations longer than what the feed has at hand: nothing that is kept is left out. */
import { type Account, createAccount, join } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStandalone } from "../standalone.ts";

/** Tokens of one byte: many times what the smallest window holds. */
const TOKENS = 3_000;

/** Tokens that are sent before their receipts are waited for. */
const AT_A_TIME = 250;

const KEPT = { ttlS: 600, maxBytes: 4_194_304 };

type Place = { readonly path: string; readonly query: string; readonly link: string };
type Frame = { readonly type: string; readonly seq?: string; readonly cursor?: string };
type Page = {
  readonly frames: readonly Frame[];
  readonly next_cursor: string;
  readonly live: boolean;
};

let standalone: Awaited<ReturnType<typeof startStandalone>>;
let account: Account;
let long: Place;

beforeAll(async () => {
  standalone = await startStandalone({ AMS_FEED_WINDOW_BYTES: "65536" });
  account = await createAccount(standalone.url, { namespace: "feed-older" });
  long = await mint(KEPT);
  await say(long, "scribe", TOKENS);
});
afterAll(() => standalone.stop());

async function mint(replay: { ttlS: number; maxBytes: number }): Promise<Place> {
  const minted = await account.mint({ replay });
  const { origin, pathname, search } = new URL(minted.magicLink);
  return { path: `${origin}${pathname}`, query: search, link: minted.magicLink };
}

async function say(at: Place, streamName: string, count: number, token = "x"): Promise<void> {
  const writer = await join(at.link, { guest: true, streamName, receipts: true });
  for (let sent = 0; sent < count; sent += AT_A_TIME) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - sent) }, () => token);
    await Promise.all(some.map((text) => writer.send(text)));
  }
  await writer.close();
}

const get = (at: Place, below: string, more = "", headers: Record<string, string> = {}) =>
  fetch(`${at.path}${below}${at.query}${more}`, { headers });

async function pageOf(at: Place, more: string): Promise<Page> {
  const answer = await get(at, "/log", more);
  expect(answer.status).toBe(200);
  return JSON.parse(await answer.text());
}

/** All pages from a place on. */
async function readAll(at: Place, since: string, limit = 1_000): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  for (let next = since, left = 200; left > 0; left -= 1) {
    const page = await pageOf(at, `&limit=${limit}${next === "" ? "" : `&since=${next}`}`);
    expect(page.frames.length).toBeLessThanOrEqual(limit + 1);
    frames.push(...page.frames);
    next = page.next_cursor;
    if (page.live) return frames;
  }
  throw new Error("no page was the last one");
}

/** As a Durable Streams client reads: offset by offset, until it is up to date. */
async function offsets(at: Place, below: string, more = "") {
  const parts: string[] = [];
  for (let next = "-1", left = 100; left > 0; left -= 1) {
    const answer = await get(at, below, `&offset=${next}${more}`);
    expect(answer.status).toBe(200);
    parts.push(await answer.text());
    next = answer.headers.get("stream-next-offset") ?? "";
    const isClosed = answer.headers.get("stream-closed") === "true";
    if (answer.headers.get("stream-up-to-date") === "true") return { parts, isClosed };
  }
  throw new Error("it was never up to date");
}

const seqsOf = (frames: readonly Frame[]) =>
  frames.filter(({ type }) => type === "token").map(({ seq = "" }) => Number(seq.split("-")[1]));

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, at) => at + from);

test("the log without a place begins with the first frame that is kept", async () => {
  const page = await pageOf(long, "");
  expect(seqsOf(page.frames)).toEqual(upTo(100));
  expect(page.live).toBe(false);
  const frames = await readAll(long, "");
  expect(seqsOf(frames)).toEqual(upTo(TOKENS));
  expect(frames.filter(({ type }) => type === "x_gap")).toEqual([]);
});

test("any place of it is one to go on from, for many readers at a time", async () => {
  const all = await readAll(long, "", 70);
  expect(seqsOf(all)).toEqual(upTo(TOKENS));
  const places = [1, 777, 1_500, 2_900, TOKENS - 5];
  const rests = await Promise.all(
    [...places, ...places].map((place) => readAll(long, all[place - 1]?.cursor ?? "", 900)),
  );
  const expected = places.map((place) => upTo(TOKENS - place, place + 1));
  expect(rests.map(seqsOf)).toEqual([...expected, ...expected]);
});

test("events begin with the first frame that is kept, and go on to what is live", async () => {
  const accept = { accept: "text/event-stream" };
  const text = await (await get(long, "/log", "&max_s=3", accept)).text();
  const frames = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json = ""]) => JSON.parse(json));
  expect(seqsOf(frames)).toEqual(upTo(TOKENS));
  expect(text).not.toContain("event: gap");
});

test("the text of a stream is whole, also where it began before what is at hand", async () => {
  const answer = await get(long, "/streams/scribe/text");
  expect((await answer.text()).length).toBe(TOKENS);
  expect(answer.headers.get("stream-gap")).toBeNull();
  expect(answer.headers.get("stream-closed")).toBe("true");
});

test("Durable Streams: offset -1 is the first frame that is kept", async () => {
  const text = await offsets(long, "/streams/scribe/text");
  expect([text.parts.join("").length, text.isClosed]).toEqual([TOKENS, true]);
  const log = await offsets(long, "/log");
  expect(seqsOf(log.parts.flatMap((part) => JSON.parse(part)))).toEqual(upTo(TOKENS));
});

test("an epoch that was over before what is at hand is closed, though the name is back", async () => {
  const at = await mint(KEPT);
  await say(at, "twice", 3);
  const again = await join(at.link, { guest: true, streamName: "twice", receipts: true });
  await again.send("y");
  await say(at, "other", 500);
  const first = await get(at, "/streams/twice/text", "&epoch=1");
  expect([await first.text(), first.headers.get("stream-closed")]).toEqual(["xxx", "true"]);
  const end = first.headers.get("stream-epoch");
  const read = await offsets(at, "/streams/twice/text", `&epoch=${end}`);
  expect([read.parts.join(""), read.isClosed]).toEqual(["xxx", true]);
  await again.close();
});

test("what was removed since is a hole that is shown, never silence", async () => {
  const at = await mint({ ttlS: 600, maxBytes: 65_536 });
  const writer = await join(at.link, { guest: true, streamName: "scribe", receipts: true });
  await writer.send("begin");
  const { next_cursor: old } = await pageOf(at, "");
  for (let sent = 0; sent < 1_500; sent += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, () => writer.send("x".repeat(100))));
  }
  const frames = async () => await readAll(at, old);
  const isShown = async () => {
    const read = await frames();
    const seqs = seqsOf(read);
    return seqs[0] !== 2 && seqs.at(-1) === 1_501 && read[0]?.type === "x_gap";
  };
  await expect.poll(isShown, { timeout: 20_000 }).toBe(true);
  const fromStart = await readAll(at, "");
  expect(fromStart[0]?.type).toBe("x_gap");
  const text = await get(at, "/streams/scribe/text");
  expect([text.status, text.headers.get("stream-gap")]).toEqual([200, "true"]);
  const gone = await get(at, "/log", `&offset=${old}`);
  expect(gone.status).toBe(410);
  await writer.close();
});

test("streams of which nothing is left are a hole too, to a process that never had them", async () => {
  const at = await mint({ ttlS: 2, maxBytes: 65_536 });
  await say(at, "first", 3);
  const { next_cursor: old } = await pageOf(at, "&limit=1");
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await standalone.restart("SIGTERM");
  // What is said next may be gone as well before it is read, on a busy machine.
  const isShown = async () => {
    await say(at, "second", 1);
    return (await pageOf(at, `&since=${old}`)).frames[0];
  };
  await expect.poll(isShown, { timeout: 20_000 }).toMatchObject({ complete: false });
});
