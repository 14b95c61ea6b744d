// The long suites of `npm run test:long`, as data: what takes too long for every `npm test`. A
// suite's own seeded small count runs there; here is the full count. What a suite writes on stdout
// is its result, as Markdown.

/**
 * @type {readonly {name: string, what: string, command: readonly string[], env?: Record<string,
 * string>}[]}
 */
export const LONG_SUITES = [
  {
    name: "amp",
    what: "1,000 seeded kills of two processes of mail, and a provider that is down for a while",
    command: ["node", "scripts/test.mjs", "test/amp"],
    env: { AMS_AMP_KILLS: "1000", AMS_AMP_DOWN: "1" },
  },
  {
    name: "isolation",
    what: "100,000 random requests of 50 accounts, of which none may see anything of another's",
    command: ["node", "scripts/test.mjs", "operator/isolation"],
    env: { AMS_ISOLATION: "100000" },
  },
  ...["single", "sentinel", "cluster"].map((form) => ({
    name: `chaos-${form}`,
    what: `20 minutes of real processes under seeded faults, on Redis in the form ${form}`,
    command: ["node", "scripts/chaos.mjs", "--minutes", "20", "--redis", form],
  })),
  {
    name: "deliveries",
    what: "10,000 webhooks to a receiver that fails, hangs, lies and redirects, each verified",
    command: ["node", "scripts/test.mjs", "edges/hooks/src/deliver/deliveries"],
    env: { AMS_TEST_DELIVERIES: "10000" },
  },
  {
    name: "planted",
    what: "twelve faults planted in real gateways, each of which the checker must catch by its name",
    command: ["node", "scripts/test.mjs", "test/journeys/planted"],
    env: { AMS_PLANTED: "all" },
  },
  {
    name: "connections",
    what: "50,000 joined connections from this machine, held and spoken to by `ams load`",
    command: ["node", "scripts/long/connections.mjs"],
  },
  {
    name: "returns",
    what: "100,000 joins and leaves, after which Redis has the keys and the memory of before",
    command: ["node", "scripts/test.mjs", "test/journeys/returns"],
    env: { AMS_JOINS: "100000" },
  },
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
    name: "python-memory",
    what: "ten minutes of reading and writing by the Python SDK, whose memory stays the same",
    command: ["node", "scripts/long/python-memory.mjs"],
  },
  {
    name: "reloads",
    what: "500 reloads of a chat of the AI SDK at random moments of its answers",
    command: ["node", "scripts/test.mjs", "test/examples/adapters"],
    env: { AMS_RELOADS: "500" },
  },
  {
    name: "replay-cuts",
    what: "1,000 seeded cuts of readers, gateways, feeds and Redis connections, with replay",
    command: ["node", "scripts/test.mjs", "test/journeys/replay-cuts"],
    env: { AMS_CUTS: "1000" },
  },
  {
    name: "storms",
    what: "twenty storms of joins, leaves and takeovers of each kind, under faults",
    command: ["node", "scripts/test.mjs", "test/journeys/churn-storm"],
    env: { AMS_STORMS: "20" },
  },
  {
    name: "workflow",
    what: "10,000 random runs, 10,000 commits of each of 8 clients at two processes, 10,000 stops against 4 writers",
    command: ["node", "scripts/test.mjs", "edges/workflow"],
    env: {
      AMS_WORKFLOW_RUNS: "10000",
      AMS_WORKFLOW_COMMITS: "10000",
      AMS_WORKFLOW_STOPS: "10000",
    },
  },
  {
    name: "mesh-rules",
    what: "100,000 random transactions of a mesh's ledger, each held to its rules and replayed",
    command: ["node", "scripts/test.mjs", "libs/mesh-rules/src/ledger"],
    env: { AMS_MESH_TRANSACTIONS: "100000" },
  },
  {
    name: "mesh",
    what: "30,000 pieces of random work at two processes of meshes, and every kill",
    command: ["node", "scripts/test.mjs", "edges/mesh"],
    env: { AMS_MESH_WORK: "30000", AMS_MESH_KILLS: "1" },
  },
  {
    name: "journal",
    what: "8 writers of 10,000 appends each, 300 appends that nothing refuses, 20 kills, on both drivers",
    command: ["node", "scripts/test.mjs", "libs/journal"],
    env: { AMS_JOURNAL_APPENDS: "10000", AMS_JOURNAL_ANY_TRIALS: "300", AMS_JOURNAL_KILLS: "20" },
  },
];
