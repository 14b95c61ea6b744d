// The long suites of `npm run test:long`, as data: what takes too long for every `npm test`. A
// suite's own seeded small count runs there; here is the full count. What a suite writes on stdout
// is its result, as Markdown.

/**
 * @type {readonly {name: string, what: string, command: readonly string[], env?: Record<string,
 * string>}[]}
 */
export const LONG_SUITES = [
  {
    name: "all-strict",
    what: "every test of `npm test`, where a skip is a failure",
    command: ["node", "scripts/test.mjs"],
    env: { AMS_STRICT: "1" },
  },
  {
    name: "openapi",
    what: "property-based requests from /openapi.json against a standalone (schemathesis)",
    command: ["node", "scripts/long/openapi.mjs"],
  },
  {
    name: "simulation",
    what: "100,000 simulated histories of several gateways with faults, judged frame by frame",
    command: ["node", "scripts/simulate.mjs", "--histories", "100000", "--all"],
  },
  {
    name: "storms",
    what: "twenty storms of joins, leaves and takeovers of each kind, under faults",
    command: ["node", "scripts/test.mjs", "test/journeys/churn-storm"],
    env: { AMS_STORMS: "20" },
  },
];
