import { defineConfig } from "vitest/config";

/** Milliseconds: the images are built first, on a machine that may be busy. */
const PATIENCE_MS = 1_200_000;

export default defineConfig({
  test: {
    name: "containers",
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/containers/*.test.ts"],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
});
