/** What a run has to hold, as a status and as JUnit XML. */
import { expect, test } from "vitest";
import { emptyTally } from "../verify/tally.ts";
import { failuresOf, readAssertions } from "./assertions.ts";
import { junitOf } from "./junit.ts";
import type { LoadResult } from "./result.ts";

const LATENCY = { p50: 900, p90: 2_000, p99: 60_000, p999: 70_000, max: 80_000, mean: 1_000 };
const RESULT = {
  outcome: "ok",
  startedAt: "2026-01-31T12:00:00.000Z",
  seconds: 10,
  tally: { ...emptyTally(), received: 990, lost: 2 },
  expected: 1_000,
  closes: [],
  latency: LATENCY,
  byKind: [{ kind: "sse", latency: { ...LATENCY, p99: 90_000 } }],
  comings: null,
  lateness: LATENCY,
  plan: { name: 'a "run" & <more>\u0000' },
  deliveriesPerSecond: 99.5,
} as unknown as LoadResult;

function assertionsOf(text: string) {
  const read = readAssertions(text);
  if (!read.ok) throw new Error(read.sentence);
  return read.assertions;
}

test("what does not hold is said with what was measured", () => {
  expect(failuresOf(assertionsOf("p50<1ms, p99.9<=70ms, missing=10, lost>=2"), RESULT)).toEqual([]);
  const text = "p99<50ms,lost=0,p99.sse<80ms,deliveries_per_second>100,p90>2ms";
  expect(failuresOf(assertionsOf(text), RESULT)).toEqual([
    "p99<50ms: it was 60 ms",
    "lost=0: it was 2",
    "p99.sse<80ms: it was 90 ms",
    "deliveries_per_second>100: it was 99.50",
    "p90>2ms: it was 2 ms",
  ]);
});

test("JUnit has the verdict and each assertion as a test, and escapes what it is given", () => {
  const xml = junitOf(RESULT, assertionsOf("p99<50ms,lost=2"));
  expect(xml).toContain('<testsuites tests="3" failures="1" errors="0" time="10.000">');
  expect(xml).toContain(
    'name="p99&lt;50ms" time="0"><failure message="p99&lt;50ms: it was 60 ms"/>',
  );
  expect(xml).toContain('name="lost=2" time="0"/>');
  expect(xml).toContain("a &quot;run&quot; &amp; &lt;more&gt;&quot;".replace(/&quot;$/, ""));
  expect(xml).not.toContain("\u0000");
});
