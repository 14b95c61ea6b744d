/**
 * `ams load run` against a whole AMS: every way of reading, visitors and reconnects at once, over
 * workers that were started elsewhere.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, createAccount } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runLoad, startLoad } from "./load-run.ts";

const SCENARIO = `
name: all at once
conversations: 3
emitters: 2
subscribers: 8
readers: { websocket: 50, sse: 25, mcp: 25 }
turns: { tokens: 10, think: 200ms }
visits: { stay: [300ms, 900ms] }
away: [100ms, 400ms]
phases:
  - { name: begin, duration: 1s, rate: [0, 20] }
  - { name: go on, duration: 3s, rate: 20, arrivals: 6, reconnects: 600 }
assert: ["lost=0", "p99<60s"]
`;

let ams: Standalone;
let account: Account;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  ams = await startStandalone({ AMS_GUESTS_PER_ACCOUNT: "500" });
  account = await createAccount(ams.url, { namespace: "scenario" });
  env = { AMS_URL: ams.url, AMS_CREDENTIAL: account.credential };
  folder = await mkdtemp(join(tmpdir(), "ams-scenario-"));
});

afterAll(async () => {
  await ams.stop();
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(text: string): Promise<string> {
  const path = join(folder, "scenario.yaml");
  await writeFile(path, text);
  return path;
}

/** Waits for one run, on a port of loopback that the system chose. */
async function startWorker() {
  const worker = startLoad(["worker", "--listen", "0"]);
  await worker.says("Waits at");
  return worker;
}

/** Its address from stderr, and its token from stdout, as a person would copy them. */
async function aboutOf(worker: ReturnType<typeof startLoad>) {
  const [, address = ""] = /Waits at (\S+) for one run/.exec(worker.said()) ?? [];
  const [, token = ""] = /^AMS_LOAD_TOKEN=(\S+)$/m.exec(worker.printed()) ?? [];
  return { address, token };
}

test("a scenario over two workers elsewhere checks every reader, closes its conversations, and writes its files", async () => {
  const workers = await Promise.all([startWorker(), startWorker()]);
  const abouts = await Promise.all(workers.map(aboutOf));
  const [junit, report] = [join(folder, "load.xml"), join(folder, "load.html")];
  const words = ["--workers", abouts.map(({ address }) => address).join(",")];
  const outputs = ["--junit", junit, "--report", report, "--json"];
  const token = abouts.map((about) => about.token).join(",");
  const path = await fileOf(SCENARIO);
  const { status, out, err } = await runLoad(["run", path, ...words, ...outputs], {
    env: { ...env, AMS_LOAD_TOKEN: token },
  });
  const result = JSON.parse(out);
  expect({ status, err: err.replace(/\{"note":"The report is .*"\}\n/, "") }).toEqual({
    status: 0,
    err: "",
  });
  const { counts, latency_us_by_reader: byReader, late_joins: late } = result;
  expect(counts).toMatchObject({ lost: 0, doubled: 0, reordered: 0, altered: 0, refused: 0 });
  expect(counts.visits).toBeGreaterThan(5);
  expect(counts.drops).toBeGreaterThan(5);
  expect(counts.to_visitors).toBeGreaterThan(0);
  expect(counts.received).toBeGreaterThan(counts.emitted);
  for (const kind of ["websocket", "sse", "mcp"]) expect(byReader[kind].p50).toBeGreaterThan(0);
  expect(late.join_us.p50).toBeGreaterThan(0);
  expect(result.settings).toMatchObject({ scenario: "all at once", processes: 2 });
  expect(result.notes.join(" ")).toContain("clocks of the workers");
  expect(await readFile(junit, "utf8")).toContain('tests="3" failures="0"');
  expect(await readFile(report, "utf8")).toContain("all at once");
  const ended = await Promise.all(workers.map((worker) => worker.ended));
  expect(ended.map((worker) => worker.status)).toEqual([0, 0]);
  const left = [];
  for await (const conversation of account.list()) left.push(conversation);
  expect(left).toEqual([]);
});

test("a worker takes nobody without its token, and one run with it", async () => {
  const worker = await startWorker();
  const { address, token } = await aboutOf(worker);
  const { magicLink } = await account.mint();
  const words = [magicLink, "--duration", "1s", "--workers", address, "--json"];
  const wrong = await runLoad(words, { env: { AMS_LOAD_TOKEN: "x".repeat(43) } });
  expect(wrong.status).toBe(3);
  expect(wrong.err).toMatch(/refused the token/);
  expect(wrong.err).not.toContain("x".repeat(43));
  const right = await runLoad(words, { env: { AMS_LOAD_TOKEN: token } });
  expect(JSON.parse(right.out).counts).toMatchObject({ emitted: 10, received: 100, lost: 0 });
  expect((await worker.ended).status).toBe(0);
  const again = await runLoad(words, { env: { AMS_LOAD_TOKEN: token } });
  expect(again.err).toMatch(/can't be reached/);
  expect(again.status).toBe(5);
});

test("an assertion that does not hold is said, and ends with 9", async () => {
  const { magicLink } = await account.mint();
  const words = [magicLink, "--duration", "1s", "--assert", "lost=0,received>1000000"];
  const { status, err } = await runLoad(words);
  expect(err).toContain("Does not hold: received>1000000: it was 100");
  expect(status).toBe(9);
});

test("a scenario that is wrong is refused with every fault in it", async () => {
  const path = await fileOf("subscribers: -1\nphases:\n  - { duration: soon, rate: 5 }\n");
  const { status, err } = await runLoad(["run", path], { env });
  expect(err).toMatch(/line 1: subscribers: .*line 3: phases\[0\]\.duration: a time/);
  expect(status).toBe(2);
});
