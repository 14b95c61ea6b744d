/**
 * What `ams load` and bench use: the load client (`runLoad`, `runWorker`), the verifier and the
 * report.
 */
export { type Machine, readMachine } from "./machine.ts";
export type { Plan } from "./plan.ts";
export { reportOf } from "./report/report.ts";
export type { LoadResult } from "./report/result.ts";
export { jsonOf } from "./report/result-json.ts";
export { tableOf } from "./report/table.ts";
export { count, span } from "./report/words.ts";
export { type Progress, type Ran, runLoad, type Target } from "./run.ts";
export { lengthOf } from "./schedule.ts";
export type { Second } from "./timeline.ts";
export { PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MIN } from "./verify/payload.ts";
export { addTally, emptyTally, faultsOf } from "./verify/tally.ts";
export type { Refusal } from "./worker-pool.ts";
export { runWorker } from "./worker-process.ts";
