import { defineConfig } from "vitest/config";

/** Milliseconds: an installation waits for images, volumes and probes. */
const PATIENCE_MS = 600_000;

export default defineConfig({
  test: {
    name: "on kubernetes",
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/on-kubernetes/*.test.ts"],
    // All use one cluster.
    fileParallelism: false,
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
});
