/** How the published conformance suite of Durable Streams is run: its cases share nothing. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["dist/test-runner.js"],
    exclude: [],
    sequence: { concurrent: true },
    maxConcurrency: 12,
    testTimeout: 60_000,
  },
});
