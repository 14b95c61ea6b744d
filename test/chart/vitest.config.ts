import { defineConfig } from "vitest/config";

/** Milliseconds: no test is about speed, and helm renders 27 sets of values twice. */
const PATIENCE_MS = 120_000;

export default defineConfig({
  test: {
    name: "chart",
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/chart/*.test.ts"],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
});
