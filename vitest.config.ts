import { defineConfig } from "vitest/config";

/** `ams-source` resolves @ams/* to their sources, so that unit tests need no build. */
const resolve = { conditions: ["ams-source"] };
const ssr = { resolve };

export default defineConfig({
  test: {
    projects: [
      { resolve, ssr, test: { name: "unit", include: ["{libs,services}/*/src/**/*.test.ts"] } },
      {
        resolve,
        ssr,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: ["test/dist/**", "test/conformance/**", "**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
