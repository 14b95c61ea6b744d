/** How webhooks are sent (PROTOCOL §2.15.5): every number with its unit and reason. */

/** Milliseconds before each further attempt, the last of them again and again. */
export const RETRY_MS: readonly [number, ...number[]] = [
  5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000,
];

/** How much longer one may be, by chance, so that what failed together doesn't return together. */
export const JITTER = 0.5;

/** Milliseconds from an event until it is dead: a weekend and a day. */
export const DEAD_MS = 259_200_000;

/** Milliseconds that bodies are kept, for a replay by their owner. */
export const KEEP_MS = 345_600_000;

/** Failed attempts in a row before a webhook may be disabled, however long they took. */
export const FAILURES_MIN = 20;

/** Attempts of one webhook at a time in this process: one that hangs has these and no more. */
export const ATTEMPTS_PER_WEBHOOK = 4;

/** Attempts at a time in this process, each a socket and a body. */
export const ATTEMPTS_MAX = 512;

/** Milliseconds that a claimed event is this process's: longer than any attempt takes. */
export const LEASE_MS = 60_000;

/** Milliseconds until a webhook that has all its attempts under way is looked at again. */
export const BUSY_MS = 500;

/** Bytes of an answer that are read: its status is what counts. */
export const ANSWER_BYTES_MAX = 1_024;

/** Events that are fetched at a time. */
export const TAKE_MAX = 500;

/** Milliseconds between two questions while nothing waits. */
export const TAKE_EVERY_MS = 500;

/** Milliseconds between two looks at the queue while nothing is due. */
export const LOOK_EVERY_MS = 100;

/** Milliseconds for which an account's webhooks are remembered: a removal is heard of by then. */
export const WEBHOOKS_MS = 2_000;

/** The same for an account without any, whose first one is made any moment. */
export const NONE_MS = 200;

/** Accounts whose webhooks are remembered. */
export const ACCOUNTS_MAX = 10_000;

/** Attempts whose report waits; past it the oldest are lost, and counted. */
export const REPORTS_MAX = 10_000;

/** Bytes of a turn's text in its event (§2.15.9). */
export const TEXT_BYTES_MAX = 65_536;

/** Turns of one conversation that are being written at a time. */
export const TURNS_MAX = 1_000;

/** Conversations that are being joined at a time, of which one may take as long as it likes. */
export const JOINING_MAX = 32;

/** Conversations whose messages this process reads: a socket each. */
export const OBSERVED_MAX = 10_000;
