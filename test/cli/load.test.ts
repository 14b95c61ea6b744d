/**
 * `ams load` against a whole AMS. The tests run side by side: most of their time is waiting. Those
 * that stop the deployment have one of their own.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { type Account, createAccount, join } from "@ams/client";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runLoad, signalGroup, startLoad } from "./load-run.ts";

/** For how long a test stops the broker. */
const STALL_MS = 1_000;
/**
 * For how long it is stopped beyond the end of a run, and beyond the time in which nothing more is
 * expected.
 */
const STILL_MS = 8_000;

let ams: Standalone;
let account: Account;
let folder: string;

beforeAll(async () => {
  const limits = { AMS_STREAMS_PER_ACCOUNT: "40", AMS_SUBSCRIBERS_PER_CONVERSATION: "200" };
  ams = await startStandalone(limits);
  account = await createAccount(ams.url, { namespace: "load" });
  folder = await mkdtemp(joinPath(tmpdir(), "ams-load-"));
});

afterAll(async () => {
  await ams.stop();
  await rm(folder, { recursive: true, force: true });
});

const link = async () => (await account.mint()).magicLink;

/** An AMS of the test's own, that it may stop for a time, and a conversation there. */
async function startOwn(
  { onTestFinished }: TestContext,
  env: Readonly<Record<string, string>> = {},
) {
  const own = await startStandalone(env);
  onTestFinished(() => own.stop());
  const { magicLink } = await (await createAccount(own.url, { namespace: "own" })).mint();
  return { pid: own.pid, magicLink };
}

test.concurrent("a run counts every token at every subscriber, over two processes, and writes its report", async () => {
  const report = joinPath(folder, "report.html");
  const words = ["--subscribers", "20", "--emitters", "4", "--rate", "25", "--duration", "2s"];
  const more = ["--processes", "2", "--payload", "200", "--report", report, "--json"];
  const magicLink = await link();
  const { status, out } = await runLoad([magicLink, ...words, ...more]);
  const result = JSON.parse(out);
  expect(result.counts).toEqual({
    emitted: 200,
    expected: 4_600,
    received: 4_600,
    lost: 0,
    doubled: 0,
    reordered: 0,
    self_delivered: 0,
    unasked: 0,
    altered: 0,
    unreadable: 0,
    gaps_told: 0,
    frames_told: 0,
    cut_off: 0,
    in_flight: 0,
    moved: 0,
    away: 0,
    to_visitors: 0,
    visits: 0,
    drops: 0,
    refused: 0,
    unaccounted: 0,
    foreign: 0,
  });
  expect(status).toBe(0);
  expectSchema(result);
  const html = await readFile(report, "utf8");
  expect(html).toContain("Every token reached everybody, once and in order");
  expect(html).toContain("default-src 'none'");
  expect(html).toContain("uPlot");
  // Nothing in it is fetched, and it doesn't hold the link.
  expect(html).not.toMatch(/(?:src|href)\s*=\s*["']?(?:https?:)?\/\//);
  expect(html).not.toContain(magicLink.slice(magicLink.indexOf("?t=") + 3));
});

/** What a program may rely on: the names and kinds of the members. */
function expectSchema(result: unknown): void {
  const percentiles = {
    p50: expect.any(Number),
    p90: expect.any(Number),
    p99: expect.any(Number),
    p99_9: expect.any(Number),
    max: expect.any(Number),
    mean: expect.any(Number),
  };
  expect(result).toMatchObject({
    schema: "ams.load.v1",
    outcome: "ok",
    started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    host: ams.url,
    broker_version: expect.any(String),
    version: expect.any(String),
    settings: {
      identity: "guest",
      subscribers: 20,
      emitters: 4,
      rate: 25,
      payload_bytes: 200,
      duration_s: 2,
      ramp_s: 0,
      processes: 2,
      emit_only: false,
    },
    machine: { platform: process.platform, cores: expect.any(Number) },
    joins: { count: 24, seconds: expect.any(Number), per_second: expect.any(Number) },
    seconds: expect.any(Number),
    tokens_per_second: expect.any(Number),
    deliveries_per_second: expect.any(Number),
    closes: [],
    latency_us: percentiles,
    client: {
      was_limit: expect.any(Boolean),
      reasons: expect.any(Array),
      cpu_max: expect.any(Number),
      stall_ms_max: expect.any(Number),
      lateness_us: percentiles,
    },
    knee: null,
    per_second: expect.arrayContaining([
      expect.objectContaining({ at_s: 0, is_whole: true, latency_us: percentiles }),
    ]),
    histogram_us: expect.any(Array),
    notes: expect.any(Array),
  });
}

test.concurrent("§5.10 emitters that hear nobody are heard all the same", async () => {
  const words = ["--subscribers", "5", "--emitters", "3", "--rate", "10", "--duration", "1s"];
  const { status, out } = await runLoad([await link(), ...words, "--emit-only", "--json"]);
  expect(JSON.parse(out).counts).toMatchObject({ emitted: 30, expected: 150, received: 150 });
  expect(status).toBe(0);
});

test.concurrent("a ramp sends half of what its time would hold, and the table says whether there was a saturation point", async () => {
  const words = ["--subscribers", "2", "--rate", "20", "--ramp", "2s", "--duration", "1s"];
  const { status, out, err } = await runLoad([await link(), ...words]);
  expect(out).toMatch(/^tokens sent +40 /m);
  expect(out).toMatch(/^deliveries +80 of 80$/m);
  expect(out).toMatch(/saturation point|bent/i);
  expect({ status, err }).toEqual({ status: 0, err: "" });
});

test.concurrent("where nobody emits the connections are held for the whole time", async () => {
  const words = ["--subscribers", "5", "--emitters", "0", "--duration", "2s", "--json"];
  const { status, out } = await runLoad([await link(), ...words]);
  const { seconds, counts, joins } = JSON.parse(out);
  expect(seconds).toBeGreaterThanOrEqual(2);
  expect({ status, joined: joins.count }).toEqual({ status: 0, joined: 5 });
  expect(counts).toMatchObject({ emitted: 0, expected: 0, received: 0, lost: 0 });
});

test.concurrent("two runs in one conversation leave each other's streams alone", async () => {
  const magicLink = await link();
  const words = ["--subscribers", "3", "--rate", "30", "--duration", "2s", "--json"];
  const runs = await Promise.all([runLoad([magicLink, ...words]), runLoad([magicLink, ...words])]);
  for (const { status, out } of runs) {
    expect(JSON.parse(out).counts).toMatchObject({ emitted: 60, received: 180, lost: 0 });
    expect(status).toBe(0);
  }
});

test.concurrent("Ctrl-C prints what was measured up to there, and ends with 130", async () => {
  const words = ["--subscribers", "4", "--rate", "50", "--duration", "10m"];
  const running = startLoad([await link(), ...words]);
  await running.says("10 of 600 s");
  signalGroup(running, "SIGINT");
  const { status, out } = await running.ended;
  expect(status).toBe(130);
  expect(out).toContain("Stopped before the end");
  const [, sent] = /^tokens sent +([\d,]+) /m.exec(out) ?? [];
  expect(Number(sent?.replace(",", ""))).toBeGreaterThan(400);
  expect(out).toMatch(/^lost +0$/m);
});

test.concurrent("a stall of the broker shows in the latencies of all tokens that it delayed, and not of the first alone", async (context) => {
  const words = ["--subscribers", "2", "--rate", "100", "--duration", "4s", "--json"];
  const { pid, magicLink } = await startOwn(context);
  const witness = await join(magicLink, { guest: true });
  const running = startLoad([magicLink, ...words]);
  await witness.tokens().next();
  process.kill(pid(), "SIGSTOP");
  setTimeout(() => process.kill(pid(), "SIGCONT"), STALL_MS);
  const { status, out } = await running.ended;
  await witness.close();
  const { latency_us, histogram_us, counts } = JSON.parse(out);
  expect(latency_us.max).toBeGreaterThan(STALL_MS * 900);
  // At 100 tokens/s half of the stall delays some 50 of them by more than half of it, for each of 2
  // subscribers.
  expect(countAbove(histogram_us, STALL_MS * 500)).toBeGreaterThan(60);
  expect({ status, lost: counts.lost }).toEqual({ status: 0, lost: 0 });
});

test.concurrent("a broker that stands still at the end has lost nothing: what it brings when it goes on counts", async (context) => {
  const words = ["--subscribers", "2", "--rate", "50", "--duration", "2s", "--json"];
  const { pid, magicLink } = await startOwn(context);
  const witness = await join(magicLink, { guest: true });
  const running = startLoad([magicLink, ...words]);
  await witness.tokens().next();
  process.kill(pid(), "SIGSTOP");
  setTimeout(() => process.kill(pid(), "SIGCONT"), STILL_MS);
  const { status, out } = await running.ended;
  await witness.close();
  expect(JSON.parse(out).counts).toMatchObject({ emitted: 100, received: 200, lost: 0 });
  expect(status).toBe(0);
});

test.concurrent("§4.4.3 an emitter that is too fast for the deployment is closed 4290: the close is counted, its setting named, and the run fails", async (context) => {
  const { magicLink } = await startOwn(context, {
    AMS_FRAMES_PER_SECOND: "20",
    AMS_FRAMES_BURST: "20",
  });
  const words = ["--subscribers", "2", "--rate", "200", "--duration", "2s", "--json"];
  const { status, out } = await runLoad([magicLink, ...words]);
  const { closes, counts, notes, outcome } = JSON.parse(out);
  expect(closes).toEqual([{ code: 4290, reason: "rate_limited", count: 1 }]);
  expect(counts).toMatchObject({ lost: 0, doubled: 0, reordered: 0 });
  expect(notes.join()).toContain("AMS_FRAMES_PER_SECOND");
  expect({ status, outcome }).toEqual({ status: 7, outcome: "cut" });
});

test.concurrent("with an account its credential is used, and its limit is named with the number that it takes", async () => {
  const env = { AMS_CREDENTIAL: account.credential };
  const few = ["--subscribers", "2", "--rate", "5", "--duration", "1s", "--account"];
  const fine = await runLoad([await link(), ...few, "--json"], { env });
  expect(JSON.parse(fine.out).settings.identity).toBe("account");
  expect(fine.status).toBe(0);
  const many = ["--subscribers", "60", "--account", "--json"];
  const { status, err } = await runLoad([await link(), ...many], { env });
  const answer = JSON.parse(err);
  expect(answer).toMatchObject({ error: "account_concurrency_limit", exit: 6 });
  expect(answer.message).toContain("AMS_STREAMS_PER_ACCOUNT=61");
  expect(status).toBe(6);
});

test.concurrent("§3.3.9 a full conversation: the setting to raise, and to what", async () => {
  const { status, err, out } = await runLoad([await link(), "--subscribers", "230"]);
  expect(err).toBe(
    "ams: The conversation is full (the deployment allows 200): this run needs 231 subscribers, so start the deployment with AMS_SUBSCRIBERS_PER_CONVERSATION=231 or more, or ask for 200 connections at most.\n",
  );
  expect({ status, out }).toEqual({ status: 6, out: "" });
});

test.concurrent("what the machine's descriptors can't hold is refused before anything is opened, with the limit and how to raise it", async () => {
  const words = ["--subscribers", "500", "--processes", "2"];
  const { status, err } = await runLoad([await link(), ...words], { descriptors: 128 });
  expect(err).toMatch(/501 connections don't fit: .*128 descriptors.*--processes 8.*ulimit -n 315/);
  expect(status).toBe(6);
});

test.concurrent.each<[string, readonly string[], number, RegExp]>([
  ["no magic link", ["not-a-link"], 4, /magic link/],
  ["a link without its token", ["http://127.0.0.1:1/a/conversations/b"], 4, /cut off/],
  ["a rate that is no number", ["x", "--rate", "fast"], 2, /number of tokens per second/],
  ["a rate that no connection takes", ["x", "--rate", "20000"], 6, /at most 16000 tokens/],
  ["a payload that no token holds", ["x", "--payload", "70000"], 2, /24 to 65536 bytes/],
  ["nobody at all", ["x", "--subscribers", "0", "--emitters", "0"], 2, /nobody to connect/],
  [
    "a time that is none",
    ["x", "--duration", "soon"],
    2,
    /--duration is wrong: a time is a number of seconds/,
  ],
  ["an option that isn't", ["x", "--emiters", "3"], 2, /--emitters/],
])("%s is one clear sentence", async (_, words, exit, sentence) => {
  const { status, out, err } = await runLoad(words);
  expect(err).toMatch(sentence);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect({ status, out }).toEqual({ status: exit, out: "" });
});

test.concurrent("a link of somebody else's making, a dead host, and one that isn't AMS are distinguished", async () => {
  const wrong = (await link()).replace(/t=.*/, `t=${"x".repeat(43)}`);
  const refused = await runLoad([wrong]);
  expect(refused.err).toContain("The link is wrong, expired or revoked");
  expect(refused.status).toBe(4);
  const gone = await runLoad([
    (await link()).replace(/conversations\/[^?]+/, "conversations/gone"),
  ]);
  expect(gone.status).toBe(4);
  const token = "t".repeat(43);
  // Not a port such as 1, to which fetch sends nothing at all.
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const dead = await runLoad([`${nowhere}/a/conversations/b?t=${token}`]);
  expect(dead.err).toContain(`Nothing answers at ${nowhere}`);
  expect(dead.status).toBe(5);
  const page = createServer((_, response) => response.end("<h1>Hello</h1>"));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  const other = await runLoad([`http://127.0.0.1:${portOf(page)}/a/conversations/b?t=${token}`]);
  expect(other.err).toContain("is not AMS");
  expect(other.status).toBe(5);
  page.close();
});

test.concurrent("a run that is refused leaves the report of an earlier one as it was, and no empty file", async () => {
  const [old, fresh] = [joinPath(folder, "old.html"), joinPath(folder, "fresh.html")];
  await writeFile(old, "an earlier report");
  for (const path of [old, fresh]) {
    const { status } = await runLoad([await link(), "--subscribers", "230", "--report", path]);
    expect(status).toBe(6);
  }
  expect(await readFile(old, "utf8")).toBe("an earlier report");
  await expect(readFile(fresh)).rejects.toThrow("ENOENT");
});

test.concurrent("a report that can't be written is found before the run", async () => {
  const path = joinPath(folder, "no", "such", "folder.html");
  const { status, err } = await runLoad([await link(), "--report", path]);
  expect(err).toBe("ams: The file of --report can't be written.\n");
  expect(status).toBe(8);
});

/** Of value, count, value, count, …: how many have a value above this. */
function countAbove(histogram: readonly number[], value: number): number {
  return histogram
    .filter((_, index) => index % 2 === 1 && (histogram[index - 1] ?? 0) > value)
    .reduce((sum, count) => sum + count, 0);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It listens.");
  return address.port;
}
