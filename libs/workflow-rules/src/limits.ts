/** The limits of workflows (W1.2), each with its unit. */

/** Bytes of a body, and canonical bytes of a header. */
export const BODY_BYTES_MAX = 262_144;
export const HEADER_BYTES_MAX = 8_192;

/** Hashes in `parents`. */
export const PARENTS_MAX = 16;

/** Segments of a branch's name, open branches of a run, branches that one branch opened. */
export const BRANCH_DEPTH_MAX = 16;
export const BRANCHES_MAX = 1_024;
export const CHILDREN_MAX = 256;

/** Steps of a definition, bytes of a step's schema, and entries of a list of names. */
export const STEPS_MAX = 256;
export const SCHEMA_BYTES_MAX = 65_536;
export const NAMES_MAX = 256;

/** Messages that may be committed between what a sender has seen and its own. */
export const MAX_LAG = 256;
export const MAX_LAG_MAX = 65_536;

/** Milliseconds without a frame of the service after which an agent stops by itself. */
export const LEASE_MS = 5_000;

/** Milliseconds after a stop in which safe steps are committed; the most a workflow may ask. */
export const GRACE_MS_MAX = 30_000;

export const ATTEMPTS_MAX = 100;

/** Milliseconds of a step's timeout and of a branch's deadline: 366 days. */
export const TIMEOUT_MS_MAX = 31_622_400_000;

/** Times that a compensation may fail before the rollback is stuck. */
export const COMPENSATION_FAILURES_MAX = 5;

/** Bytes of the reason of a stop that are kept. */
export const REASON_BYTES_MAX = 4_096;
