// A file that failed runs once more, alone: what passes then is counted, and listed as unstable.
import { expect, test } from "vitest";

type File = { passed: number; failed: number; skipped: number; state: string };
type Run = {
  files: Record<string, File>;
  counts: { passed: number; failed: number; skipped: number };
  hasEnded: boolean;
  unhandled: number;
};
type Again = (
  run: Run,
  runAlone: (key: string) => Promise<Run>,
) => Promise<{ run: Run; unstable: string[] }>;

const script = new URL("../scripts/test-again.mjs", import.meta.url).href;
const { runFailedAgain, FILES_AGAIN_MAX }: { runFailedAgain: Again; FILES_AGAIN_MAX: number } =
  await import(script);

const PASSED: File = { passed: 2, failed: 0, skipped: 0, state: "passed" };
const FAILED: File = { passed: 1, failed: 1, skipped: 0, state: "failed" };

test("a file that passes alone is counted as it ran alone, and is named", async () => {
  const first = runOf({ "unit: a": PASSED, "unit: b": FAILED });
  const { run, unstable } = await runFailedAgain(first, async (key) => runOf({ [key]: PASSED }));
  expect(run.counts).toEqual({ passed: 4, failed: 0, skipped: 0 });
  expect(unstable).toEqual(["unit: b"]);
});

test("a file that fails again has failed", async () => {
  const first = runOf({ "unit: a": PASSED, "unit: b": FAILED });
  const { run, unstable } = await runFailedAgain(first, async (key) => runOf({ [key]: FAILED }));
  expect(run.counts).toEqual({ passed: 3, failed: 1, skipped: 0 });
  expect(unstable).toEqual([]);
});

test("a file that ends without a word the second time keeps its failures", async () => {
  const { run } = await runFailedAgain(runOf({ "unit: b": FAILED }), async () => runOf({}));
  expect(run.counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

const many = Array.from({ length: FILES_AGAIN_MAX + 1 }, (_, n) => [`unit: ${n}`, FAILED] as const);
test.each([
  ["that passed", runOf({ "unit: a": PASSED })],
  ["in which many files failed", runOf(Object.fromEntries(many))],
  ["that was ended", { ...runOf({ "unit: b": FAILED }), hasEnded: false }],
  ["with an error outside its tests", { ...runOf({ "unit: b": FAILED }), unhandled: 1 }],
])("nothing of a run %s runs again", async (_, first) => {
  const never = () => expect.fail("it ran again");
  expect(await runFailedAgain(first, never)).toEqual({ run: first, unstable: [] });
});

function runOf(files: Record<string, File>): Run {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed } of Object.values(files)) {
    counts.passed += passed;
    counts.failed += failed;
  }
  return { files, counts, hasEnded: true, unhandled: 0 };
}
