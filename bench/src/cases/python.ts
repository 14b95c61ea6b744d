/**
 * The Python SDK: how fast it reads, beside a bare loop over `websockets` that parses each frame;
 * and what its import costs. CPU time is measured: a neighbour of this machine doesn't change it.
 */
import type { Case } from "../case.ts";
import { row } from "../row.ts";

const TOKENS = 20_000;
const SMOKE_TOKENS = 1_000;
const IMPORT_MS_MAX = 150;

export const PYTHON: Case = {
  name: "python",
  about: "a reader of the Python SDK on one core; control: a bare `websockets` loop",
  run: async ({ ground, scale: { isSmoke } }) => {
    const standalone = await ground.startStandalone({});
    try {
      const measured = await ground.measurePython(standalone.url, isSmoke ? SMOKE_TOKENS : TOKENS);
      if ("missing" in measured) {
        const note = `not measured: ${measured.missing}`;
        return { rows: [row({ what: "tokens per CPU second", ours: null, note })], faults: [] };
      }
      const { control, ours, importMs } = measured;
      const rows = [
        row({ what: "tokens per CPU second", control, ours, atLeast: 0.5 }),
        row({ what: "CPU ms of the import", ours: importMs, atMost: IMPORT_MS_MAX }),
      ];
      return { rows, faults: [] };
    } finally {
      await standalone.stop();
    }
  },
};
