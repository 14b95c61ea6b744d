import { defineConfig } from "vitest/config";

/** `ams-source` resolves @ams/* to their sources, so that unit tests need no build. */
const resolve = { conditions: ["ams-source"] };
const ssr = { resolve };

/** Milliseconds: no test is about speed, and a machine may be busy with other things. */
const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * Files that share nothing run two at a time, also on a machine with two cores: most of their time
 * is waiting. Groups with different numbers of workers run one after the other, in this order.
 */
const IN_PAIRS = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const ONE_AT_A_TIME = { fileParallelism: false, sequence: { groupOrder: 1 } };

/**
 * The conformance suite against a deployment of its own, whose limits its files share: one after
 * the other.
 */
function conformance(deployment: string) {
  return {
    resolve,
    ssr,
    test: {
      name: `conformance, ${deployment.replace("-", " ")}`,
      include: ["test/conformance/*.test.ts"],
      globalSetup: [`test/journeys/deployments/${deployment}.ts`],
      setupFiles: ["test/journeys/deployments/use-deployment.ts"],
      ...ONE_AT_A_TIME,
      ...PATIENCE,
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: [
            "{libs,services,edges}/*/src/**/*.test.ts",
            "{loadtest,cli,bench}/src/**/*.test.ts",
          ],
          ...IN_PAIRS,
          ...PATIENCE,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/dist/**",
            "test/conformance/**",
            "test/journeys/**",
            // They need programs or a cluster of their own: npm run test:chart and the like.
            "test/chart/**",
            "test/on-kubernetes/**",
            "test/containers/**",
            "**/node_modules/**",
          ],
          ...IN_PAIRS,
          ...PATIENCE,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "journeys",
          include: ["test/journeys/*.test.ts"],
          // Each starts a cluster and looks at the clock: one has the machine at a time.
          ...ONE_AT_A_TIME,
          ...PATIENCE,
        },
      },
      conformance("standalone"),
      conformance("one-gateway"),
      conformance("three-gateways"),
    ],
  },
});
