/**
 * The checker of `npm run chaos` can fail: gateways with planted faults, each caught by its name.
 * One of them here; the long suite `planted` has all.
 */
import { describe, expect, test } from "vitest";
import { PLANTED, plantedCluster, staleEdits } from "../chaos/planted.ts";
import { countsOf } from "../chaos/report.ts";
import { run } from "../chaos/run.ts";
import { onRedis } from "./journey.ts";

/** Runs of one fault until it has shown itself. */
const RUNS = 4;

const asked = process.env.AMS_PLANTED ?? "echo";
const faults = Object.entries(PLANTED).filter(([name]) => asked === "all" || asked === name);

describe("planted faults", () => {
  test.each(Object.entries(PLANTED))("%s still plants something", (_, planted) => {
    expect(staleEdits(planted)).toEqual([]);
  });
});

onRedis("a gateway with a planted fault", () => {
  test.each(faults)("§5 %s is caught by its name", { timeout: 600_000 }, async (_, planted) => {
    const seen: string[] = [];
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const judged = await run({
        seed,
        ms: planted.needs === "time" ? 40_000 : 8_000,
        form: "single",
        conversations: 4,
        replay: planted.needs === "log",
        clients: 48,
        gateways: 2,
        // Each is drawn among many, so that one is made every second or two.
        faultEveryMs: planted.needs === "cuts" ? 100 : null,
        onlyFault: "CLIENT KILL TYPE pubsub",
        rightWithinMs: 10_000,
        cluster: plantedCluster(planted),
      });
      if (judged.violations.some(({ kind }) => planted.caughtAs.includes(kind))) return;
      seen.push(`seed ${seed}: ${countsOf(judged)}`);
    }
    expect(seen, planted.what).toEqual([]);
  });
});
