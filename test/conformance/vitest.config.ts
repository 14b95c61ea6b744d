import { defineConfig } from "vitest/config";

/**
 * The suite speaks to one deployment: its files share that deployment's limits, so they run one
 * after the other.
 */
export default defineConfig({
  resolve: { conditions: ["ams-source"] },
  ssr: { resolve: { conditions: ["ams-source"] } },
  test: {
    name: "conformance",
    root: import.meta.dirname,
    include: ["*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
