/** A conversation by plain HTTP, on a standalone: what docs/FEED.md says. */
import { type Account, createAccount, join } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStandalone } from "../standalone.ts";

let standalone: Awaited<ReturnType<typeof startStandalone>>;
let account: Account;

beforeAll(async () => {
  standalone = await startStandalone({ AMS_FEED_READERS_MAX: "20" });
  account = await createAccount(standalone.url, { namespace: "feed-tests" });
});
afterAll(() => standalone.stop());

type Place = { readonly path: string; readonly query: string; readonly link: string };

async function mint(replay: { ttlS: number; maxBytes: number } | null = KEPT): Promise<Place> {
  const minted = await account.mint(replay === null ? {} : { replay });
  const { origin, pathname, search } = new URL(minted.magicLink);
  return { path: `${origin}${pathname}`, query: search, link: minted.magicLink };
}

const KEPT = { ttlS: 600, maxBytes: 1_048_576 };

/** The body, for a test to look into as it likes. */
async function jsonOf(answer: Response): Promise<ReturnType<typeof JSON.parse>> {
  return JSON.parse(await answer.text());
}

const get = (at: Place, below: string, more = "", headers: Record<string, string> = {}) =>
  fetch(`${at.path}${below}${at.query}${more}`, { headers });

const post = (at: Place, name: string, text: string, headers: Record<string, string> = {}) =>
  fetch(`${at.path}/streams/${name}${at.query}`, {
    method: "POST",
    body: text,
    headers: { "content-type": "text/plain", ...headers },
  });

const bearer = () => ({ authorization: `Bearer ${account.credential}` });

const isText = ({ data }: { data?: string }) => data !== undefined && !data.includes("convention");

test("a message is sent by one request, and read as JSON, page by page", async () => {
  const at = await mint();
  for (const text of ["one", "two", "three"]) {
    const sent = await post(at, "cron", text, bearer());
    expect(sent.status).toBe(202);
    expect((await jsonOf(sent)).seqs).toHaveLength(2);
  }
  const said: string[] = [];
  let since = "";
  for (let page = 0; page < 10; page += 1) {
    const answer = await get(at, "/log", `&limit=2${since === "" ? "" : `&since=${since}`}`);
    const { frames, next_cursor, live } = await jsonOf(answer);
    expect(frames.length).toBeLessThanOrEqual(2);
    said.push(...frames.filter(isText).map(({ data }: { data: string }) => data));
    since = next_cursor;
    if (live) break;
  }
  expect(said).toEqual(["one", "two", "three"]);
  expect((await get(at, "/log")).headers.get("cache-control")).toContain("private");
  const all = await jsonOf(await get(at, "/log", "&since="));
  expect(all.frames.filter(isText)).toHaveLength(3);
});

test("a long poll waits for the next frame, and no longer than it was asked to", async () => {
  const at = await mint();
  await post(at, "cron", "one", bearer());
  const { next_cursor } = await jsonOf(await get(at, "/log"));
  const waiting = get(at, "/log", `&since=${next_cursor}&wait_ms=20000`);
  await post(at, "cron", "two", bearer());
  const { frames } = await jsonOf(await waiting);
  expect(frames[0].data).toBe("two");
  const now = await get(at, "/log", "&since=now&wait_ms=50");
  expect((await jsonOf(now)).frames).toEqual([]);
});

test("events have cursors as ids, and Last-Event-ID resumes", async () => {
  const at = await mint();
  await post(at, "cron", "one", bearer());
  await post(at, "cron", "two", bearer());
  const accept = { accept: "text/event-stream" };
  const text = await (await get(at, "/log", "&max_s=1", accept)).text();
  const ids = [...text.matchAll(/^id: (\S+)$/gm)].map(([, id = ""]) => id);
  expect(ids).toHaveLength(4);
  expect([...ids].sort()).toEqual(ids);
  const resumed = { ...accept, "last-event-id": ids[1] ?? "" };
  const rest = await (await get(at, "/log", "&max_s=1", resumed)).text();
  expect(rest).not.toContain('"one"');
  expect(rest).toContain('"two"');
});

test("the text of a stream is what it said, and closed once the log shows its end", async () => {
  const at = await mint();
  const writer = await join(at.link, { guest: true, streamName: "scribe", receipts: true });
  for (const word of ["Hel", "lo", " é😀"]) await writer.send(word);
  await writer.endTurn();
  const open = await get(at, "/streams/scribe/text");
  expect([await open.text(), open.headers.get("stream-closed")]).toEqual(["Hello é😀", null]);
  await writer.close();
  const closed = async () => (await get(at, "/streams/scribe/text")).headers.get("stream-closed");
  await expect.poll(closed, { timeout: 10_000 }).toBe("true");
  expect((await get(at, "/streams/nobody/text")).status).toBe(404);
});

test("Durable Streams: offsets go on where they ended, up to the end", async () => {
  const at = await mint();
  const writer = await join(at.link, { guest: true, streamName: "scribe", receipts: true });
  await writer.send("one ");
  const first = await get(at, "/streams/scribe/text", "&offset=-1");
  expect(await first.text()).toBe("one ");
  expect(first.headers.get("stream-up-to-date")).toBe("true");
  const offset = first.headers.get("stream-next-offset") ?? "";
  const etag = first.headers.get("etag") ?? "";
  const same = await get(at, "/streams/scribe/text", "&offset=-1", { "if-none-match": etag });
  expect(same.status).toBe(304);
  const poll = get(at, "/streams/scribe/text", `&offset=${offset}&live=long-poll`);
  await writer.send("two");
  const next = await poll;
  expect([next.status, await next.text()]).toEqual([200, "two"]);
  expect(next.headers.get("stream-cursor")).toMatch(/^\d+$/);
  await writer.close();
  let at2 = next.headers.get("stream-next-offset") ?? "";
  const ended = async () => {
    const answer = await get(at, "/streams/scribe/text", `&offset=${at2}`);
    at2 = answer.headers.get("stream-next-offset") ?? at2;
    return answer.headers.get("stream-closed");
  };
  await expect.poll(ended, { timeout: 10_000 }).toBe("true");
  const log = await get(at, "/log", "&offset=-1");
  const frames: { type: string }[] = await jsonOf(log);
  expect(frames.map(({ type }) => type).slice(0, 2)).toEqual(["token", "token"]);
  const now = await get(at, "/log", "&offset=now");
  expect([await jsonOf(now), now.headers.get("stream-up-to-date")]).toEqual([[], "true"]);
});

test("a name that is live elsewhere is 409, and a key sends once", async () => {
  const at = await mint();
  const other = await join(at.link, { guest: true, streamName: "taken" });
  const taken = await post(at, "taken", "mine", bearer());
  expect([taken.status, (await jsonOf(taken)).error]).toEqual([409, "stream_live"]);
  await other.close();
  const key = { ...bearer(), "idempotency-key": "k-1" };
  const [one, two] = [await post(at, "cron", "once", key), await post(at, "cron", "once", key)];
  expect(await jsonOf(one)).toEqual(await jsonOf(two));
  const { frames } = await jsonOf(await get(at, "/log"));
  expect(frames.filter(isText)).toHaveLength(1);
});

test.for([
  ["/log", "&since=no", 400, "invalid_cursor"],
  ["/log", `&since=${"0".repeat(33)}`, 400, "invalid_cursor"],
  ["/log", "&limit=0", 400, "invalid_limit"],
  ["/log", "&limit=1000000000", 400, "invalid_limit"],
  ["/log", "&wait_ms=25001", 400, "invalid_limit"],
  ["/log", "&offset=?", 400, "invalid_cursor"],
  ["/streams/%00/text", "", 400, "invalid_stream_name"],
  ["/streams/nobody/text", "", 404, "stream_not_found"],
] as const)("wrong: GET %s%s is %i %s", async ([below, more, status, error]) => {
  const at = await mint();
  const answer = await get(at, below, more);
  expect([answer.status, (await jsonOf(answer)).error]).toEqual([status, error]);
});

test("wrong links, methods and bodies are refused; nothing kept is 404", async () => {
  const at = await mint();
  const errorOf = async (answer: Response) => [answer.status, (await jsonOf(answer)).error];
  const wrong = { ...at, query: `?t=${"A".repeat(43)}` };
  expect(await errorOf(await get(wrong, "/log"))).toEqual([403, "invalid_token"]);
  expect(await errorOf(await get({ ...at, query: "?" }, "/log"))).toEqual([403, "invalid_token"]);
  expect(await errorOf(await post(at, "a", "x".repeat(1_048_577)))).toEqual([
    413,
    "body_too_large",
  ]);
  expect(await errorOf(await post(at, "a", ""))).toEqual([400, "invalid_message"]);
  const bad = { authorization: "Bearer no" };
  expect(await errorOf(await post(at, "a", "x", bad))).toEqual([401, "invalid_credential"]);
  const put = await fetch(`${at.path}/log${at.query}`, { method: "PUT" });
  expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect(await errorOf(await get(await mint(null), "/log"))).toEqual([404, "no_replay"]);
});

test("a reader hears within some seconds that its link has ended, and others stay", async () => {
  const minted = await account.mint({ alias: "renewed", replay: KEPT });
  const { origin, pathname, search } = new URL(minted.magicLink);
  const at = { path: `${origin}${pathname}`, query: search, link: minted.magicLink };
  const accept = { accept: "text/event-stream" };
  const reading = get(at, "/log", "&max_s=30", accept).then((answer) => answer.text());
  await get(at, "/log");
  await account.newLink("renewed");
  expect(await reading).toContain('event: end\ndata: {"error":"invalid_token"');
});

test("readers that never read, and readers over the limit, disturb nobody", async () => {
  const at = await mint();
  const asking = new AbortController();
  const accept = { accept: "text/event-stream" };
  const url = `${at.path}/log${at.query}`;
  const read = () => fetch(url, { headers: accept, signal: asking.signal });
  for (let count = 0; count < 19; count += 1) {
    // A reader of an earlier test may count until its socket has closed.
    await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(200);
  }
  const more = await Promise.all([1, 2, 3].map(read));
  expect(more.map(({ status }) => status)).toContain(503);
  await post(at, "cron", "still here", bearer());
  asking.abort();
  const again = async () => (await get(at, "/log")).status;
  await expect.poll(again, { timeout: 10_000 }).toBe(200);
  const first = async () => (await jsonOf(await get(at, "/log"))).frames[0]?.data;
  await expect.poll(first, { timeout: 10_000 }).toBe("still here");
});

test("a key is remembered over a restart", async () => {
  const at = await mint();
  const key = { ...bearer(), "idempotency-key": "k-2" };
  const first = await jsonOf(await post(at, "cron", "once", key));
  await standalone.restart();
  expect(await jsonOf(await post(at, "cron", "once", key))).toEqual(first);
});

test("wrong: live without an offset, or with two; and a page of another origin may ask", async () => {
  const at = await mint();
  for (const more of ["&live=sse", "&live=long-poll", "&offset=-1&offset=now", "&offset="]) {
    const answer = await get(at, "/log", more);
    expect([answer.status, (await jsonOf(answer)).error]).toEqual([400, "invalid_cursor"]);
  }
  const asked = { "access-control-request-method": "GET" };
  const preflight = await fetch(`${at.path}/log`, { method: "OPTIONS", headers: asked });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([
    204,
    "*",
  ]);
});
