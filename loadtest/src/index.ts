/**
 * What `ams load` and bench use: scenarios, the load client (`runLoad`, `runWorker`), the verifier
 * and the report.
 */
export { type Machine, readMachine } from "./machine.ts";
export { KINDS, type Kind, type Plan, type Range } from "./plan.ts";
export { type Heard, joinByMcp, type McpAgent } from "./readers/mcp-agent.ts";
export { type Assertion, failuresOf, readAssertions } from "./report/assertions.ts";
export { junitOf } from "./report/junit.ts";
export { reportOf } from "./report/report.ts";
export type { LoadResult } from "./report/result.ts";
export { jsonOf } from "./report/result-json.ts";
export { tableOf } from "./report/table.ts";
export { count, span } from "./report/words.ts";
export { type Progress, type Ran, runLoad, type Target, type Workers } from "./run.ts";
export { readScenario, type Scenario } from "./scenario/scenario.ts";
export { lengthOf, rateMaxOf, steady } from "./schedule.ts";
export type { Second } from "./timeline.ts";
export { PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MIN } from "./verify/payload.ts";
export { addTally, emptyTally, faultsOf } from "./verify/tally.ts";
export type { Address } from "./workers/remote-port.ts";
export { runRemoteWorker } from "./workers/remote-worker.ts";
export type { Refusal } from "./workers/worker-pool.ts";
export { runWorker } from "./workers/worker-process.ts";
