/** What a mesh takes at most; each limit with its unit. */

/** Canonical bytes of an envelope without `auth`, and bytes of one as it is sent (M2). */
export const ENVELOPE_BYTES_MAX = 49_152;
export const SENT_BYTES_MAX = 98_304;
/** Seconds between the envelope's time and the service's (M3.3). */
export const SKEW_S = 300;
/** Seconds before the opening of a mesh that an envelope may be of (M3.3). */
export const BEFORE_OPENING_S = 5;
/** Nonces of one sender that may arrive out of order, unless a setting says otherwise. */
export const NONCE_WINDOW = 256;
/** Seconds in which a slash can be disputed, unless a setting says otherwise (M7.7). */
export const APPEAL_S = 259_200;
/** Of the graph (M6.2). */
export const DEPTH_MAX = 32;
export const CHILDREN_MAX = 256;
export const NODES_MAX = 100_000;
export const REFS_MAX = 16;
/** Envelopes of one negotiation (M5.3). */
export const ROUNDS_MAX = 32;
/** Attestors of one delegation (M2, M8.2). */
export const ATTESTORS_MAX = 16;
/** Seconds until silence decides, unless the terms say otherwise (M7.6). */
export const ATTEST_BY_S = 86_400;
export const ACCEPT_BY_S = 259_200;
/** Milestones of one intent, and parties of one split (M7.4). */
export const MILESTONES_MAX = 32;
export const SPLIT_MAX = 16;
/** Postings of one transaction (M7.1). */
export const POSTINGS_MAX = 64;
/** Skills, regions and endpoints of one card (M4.5). */
export const CARD_LIST_MAX = 32;
/** Items of one list in a policy (M8.1). */
export const POLICY_LIST_MAX = 256;
/** Tries to fund a cycle that is past due (M7.4). */
export const CYCLE_TRIES = 3;
/** Delegations under one that a revocation ends in one append. */
export const CASCADE_MAX = 2_000;
/** Things that are due and done in one append: it stays below the journal's limit. */
export const DUE_MAX = 8;
