/** For tests of every package: `@ams/directory/testing`. */
export { type MemoryDirectory, openMemoryDirectory } from "./memory-directory.ts";
export { type LeaseSteps, sweepBy } from "./memory-leases.ts";
