/**
 * A short run of `npm run chaos`: clients of several gateways under seeded faults, each operation
 * judged. The long suites `chaos-single`,
 * `chaos-sentinel` and `chaos-cluster` run it for an hour together.
 */
import { expect, test } from "vitest";
import { countsOf, describeFailure } from "../chaos/report.ts";
import { type Run, run } from "../chaos/run.ts";
import { onRedis } from "./journey.ts";

const RUN: Run = {
  seed: 1,
  ms: 8_000,
  form: "single",
  conversations: 4,
  replay: false,
  clients: 32,
  gateways: 2,
  faultEveryMs: 2_000,
  // A busy machine is given more than the 10 s of §5.6.
  rightWithinMs: 30_000,
};

onRedis("seeded faults", () => {
  test("§5 what every client hears is judged operation by operation", {
    timeout: 120_000,
  }, async () => {
    const judged = await run(RUN);
    expect(describeFailure(RUN, judged), countsOf(judged)).toBe("");
    const tokens = judged.history.connections.flatMap(({ heard }) =>
      heard.filter(({ frame }) => frame.type === "token"),
    );
    expect(tokens.length, "tokens heard").toBeGreaterThan(500);
    expect(judged.history.faults.length, "faults").toBeGreaterThan(0);
  });
});
