/**
 * Every limit of the wrapper, with its unit and its reason. An edge may set those of
 * `WrapperLimits` otherwise.
 */

export type WrapperLimits = {
  /**
   * Subscriptions of one process, those included that have left the wire and still hold a buffer.
   */
  readonly subscriptions: number;
  readonly sessions: number;
  readonly sessionsPerAddress: number;
  readonly subscriptionsPerSession: number;
  readonly listenersPerSession: number;
  /** Calls under way at once, most of them waiting. */
  readonly callsPerSession: number;
  /** Events that a subscription keeps for its readers. */
  readonly bufferEvents: number;
  readonly bufferBytes: number;
};

export const WRAPPER_LIMITS: WrapperLimits = {
  // Each is a socket; a process often has no more than 20,000 file descriptors, both ends on one
  // machine.
  subscriptions: 5_000,
  // Beside its subscriptions, whose buffers count, one is small; each may hold a connection of its
  // caller.
  sessions: 10_000,
  // An office that shares one address has enough; a flood from one address does not fill the
  // process.
  sessionsPerAddress: 200,
  // More than an account may have live (10); one address can't take all subscriptions of the
  // process.
  subscriptionsPerSession: 16,
  listenersPerSession: 16, // One for each of its subscriptions.
  callsPerSession: 64, // Each holds a timer and whatever its edge holds for it.
  bufferEvents: 1_000,
  bufferBytes: 1_048_576,
};

/** Bytes of a token (§4.3): found here, so that nothing goes out after one that is refused. */
export const TOKEN_BYTES_MAX = 65_536;

/** Milliseconds for a dial, so that a call answers before its caller's own patience ends. */
export const DIAL_MS = 10_000;
/** Milliseconds for a receipt, for the same reason. */
export const RECEIPT_MS = 10_000;
/** Milliseconds without a call or listener after which a subscription leaves the wire. */
export const SUBSCRIPTION_IDLE_MS = 600_000;
/** The same for a guest's: a program that is gone keeps no name for long. */
export const GUEST_IDLE_MS = 300_000;
/** The same for a guest's that was never used again after the call that made it. */
export const GUEST_UNUSED_MS = 60_000;
/**
 * Milliseconds without a request after which a session doesn't count against the limit per address.
 */
export const SESSION_COUNTED_MS = 120_000;
/**
 * Milliseconds for which a subscription off the wire keeps its buffer and its position, or the
 * memory that it left.
 */
export const SUBSCRIPTION_KEPT_MS = 3_600_000;
/**
 * Milliseconds for which a session stays live after its last call or listener: a turn-based
 * caller's pause between two calls.
 */
export const SESSION_LIVE_MS = 30_000;
/** Milliseconds without a call or listener after which a session is forgotten. */
export const SESSION_KEPT_MS = 3_600_000;
/**
 * The same for a session that never took a subscription: it has nothing to lose but its id, and
 * would block others.
 */
export const UNSUBSCRIBED_KEPT_MS = 60_000;
/**
 * Milliseconds in which a listener that lags may still take what there is when the process ends: it
 * is waited for.
 */
export const LAST_WORD_MS = 1_000;
/** Milliseconds between two looks for what is idle. */
export const SWEEP_MS = 5_000;

/**
 * Milliseconds for which a yes about a credential or link is kept: so long it may work after it was
 * revoked.
 */
export const CHECK_KEPT_MS = 1_000;
/** Credentials, and links, remembered at most. */
export const CHECKS_KEPT_MAX = 10_000;
/**
 * Milliseconds for which it is remembered what the deployment offers: it changes only with its
 * configuration.
 */
export const OFFER_KEPT_MS = 60_000;

/**
 * Milliseconds that `recv` may wait: below the 30 s after which many callers and proxies give up.
 */
export const WAIT_MS_MAX = 25_000;
export const EVENTS_DEFAULT = 100;
export const EVENTS_MAX = 1_000;
/**
 * Events that ride along with another answer: enough to see what happens, little enough not to
 * drown the answer.
 */
export const PENDING_MAX = 64;
export const SESSION_ID_CHARACTERS_MAX = 128;
