/**
 * The reading cases of the published conformance suite of Durable Streams, against our reading half
 * behind an adapter that writes.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createAccount } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { startStandalone } from "../standalone.ts";
import { type Adapter, startAdapter } from "./durable-adapter.ts";

/** Groups of the suite in which a reader does something. The rest writes, or forks streams. */
const GROUPS = [
  "Read Operations",
  "Long-Poll Operations",
  "Browser Security Headers",
  "HEAD Metadata",
  "Offset Validation and Resumability",
  "Long-Poll Edge Cases",
  "Caching and ETag",
  "Read-Your-Writes Consistency",
  "SSE Mode",
  "JSON Mode",
  "Offset Validation Properties",
  "HEAD with Stream Closure",
  "Read Closed Streams",
  "Long-poll with Stream Closure",
  "SSE with Stream Closure",
];

/** Cases of these groups that are none of a reader of text and JSON, by their titles. */
const NOT_OURS: readonly (readonly [RegExp, string])[] = [
  [/binary|base64|protobuf/, "a token is text"],
  [/TTL metadata|Expires-At metadata/, "replay is declared at mint, not by a header"],
  [/invalid JSON with|JSON arrays with|POST with/, "the writer's"],
];

/** Cases that apply: fewer would mean that the suite was not played. */
const APPLY_MIN = 80;

type Case = { readonly title: string; readonly status: string };
type Played = Case & { readonly ancestorTitles: readonly string[] };

let standalone: Awaited<ReturnType<typeof startStandalone>>;
let adapter: Adapter;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ams-durable-"));
  standalone = await startStandalone({
    AMS_FEED_CONVERSATIONS_MAX: "5000",
    AMS_FEED_POLL_MS: "1000",
    AMS_GUESTS_PER_ACCOUNT: "10000",
  });
  adapter = await startAdapter(await createAccount(standalone.url, { namespace: "durable" }));
});
afterAll(async () => {
  await adapter?.stop();
  await standalone?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("every reading case of the Durable Streams conformance suite passes", async () => {
  const cases = await play();
  const ours = cases.filter(({ title }) => !NOT_OURS.some(([name]) => name.test(title)));
  const failed = ours.filter(({ status }) => status !== "passed");
  expect(failed).toEqual([]);
  console.info(`${ours.length} of ${cases.length} cases of a reader's groups apply`);
  expect(ours.length).toBeGreaterThanOrEqual(APPLY_MIN);
}, 180_000);

/** Plays the groups in a process of their own. */
async function play(): Promise<readonly Case[]> {
  const require = createRequire(import.meta.url);
  const suite = dirname(dirname(require.resolve("@durable-streams/server-conformance-tests")));
  const vitest = join(repositoryRoot(), "node_modules", "vitest", "vitest.mjs");
  const output = join(folder, "result.json");
  const config = join(import.meta.dirname, "durable", "vitest.config.ts");
  const args = ["run", "--root", suite, "--config", config, "-t", GROUPS.join("|")];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")),
  );
  await promisify(execFile)(
    process.execPath,
    [vitest, ...args, "--reporter=json", `--outputFile=${output}`],
    { env: { ...env, CONFORMANCE_TEST_URL: adapter.url }, timeout: 170_000 },
  ).catch((error: unknown) => error);
  const { testResults } = JSON.parse(await readFile(output, "utf8"));
  return testResults
    .flatMap((file: { assertionResults: readonly Played[] }) => file.assertionResults)
    .filter(({ status, ancestorTitles: [group = ""] }: Played) => {
      return status !== "skipped" && !group.startsWith("Fork");
    })
    .map(({ title, status }: Played) => ({ title, status }));
}
