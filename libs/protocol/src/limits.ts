/**
 * The limits of the wire itself: the same in every deployment, so a client may build on them.
 * What an operator can change lives in the services' configuration instead.
 */

/**
 * Bytes of UTF-8 that one token's `data` holds after unescaping. A reader can budget one frame by
 * it.
 */
export const TOKEN_BYTES_MAX = 65_536;

/** Bytes of compact JSON that one metadata object holds: small enough to ride in every roster. */
export const METADATA_BYTES_MAX = 16_384;

/**
 * Bytes of decoded JSON in the header form of stream metadata, so that all headers fit in
 * `HEADER_BYTES_MAX`.
 */
export const METADATA_HEADER_BYTES_MAX = 8_192;

/** Bytes of decoded JSON that a peer identity holds: it rides on every frame of its stream. */
export const PEER_IDENTITY_BYTES_MAX = 1_024;

/**
 * Bytes of one client frame that still get a documented close code; a larger one is cut by the
 * server library.
 */
export const FRAME_BYTES_MAX = 1_048_576;

/** Bytes of a `token` frame: its data, each byte as an escape of six, and 128 KiB for the rest. */
export const TOKEN_FRAME_BYTES_MAX = 6 * TOKEN_BYTES_MAX + 131_072;

/** Bytes of any other frame that is read: its metadata, each byte as an escape of six, fit. */
export const OTHER_FRAME_BYTES_MAX = 131_072;

/**
 * JSON tokens of a frame: the largest metadata has at most 16,384, the rest is for other members.
 */
export const FRAME_JSON_TOKENS_MAX = 24_576;

/** JSON tokens (§1.10) of an HTTP request body: what takes a few milliseconds to read. */
export const JSON_TOKENS_MAX = 65_536;

/**
 * JSON tokens of a `canonical_input`: its canonical form is several times dearer than reading it.
 */
export const CANONICAL_JSON_TOKENS_MAX = 16_384;

/**
 * Bytes that a client may send before its `joined`, each frame counted with 64 more; past it 4290
 * `rate_limited`.
 */
export const EARLY_BYTES_MAX = 1_048_576 + 65_536;

/** Bytes of request line and headers that a connect may send. */
export const HEADER_BYTES_MAX = 32_768;

/** Bytes of one HTTP request body on the control plane. */
export const BODY_BYTES_MAX = 1_048_576;

/** Bytes of the body that creates an account: it is read before anybody has shown who they are. */
export const ACCOUNT_BODY_BYTES_MAX = 16_384;

/**
 * Levels of arrays and objects in any JSON that is accepted: what every common parser can read
 * back.
 */
export const JSON_DEPTH_MAX = 128;

/** Stream ids that one connect may list in `X-AMS-Subscribe-Streams`: what fits in the headers. */
export const SUBSCRIBE_STREAMS_MAX = 256;

/**
 * Link tokens of one conversation that are alive at a time; the oldest ends when one more is made.
 */
export const LINKS_MAX = 32;

/** Streams that one link may admit, where its owner set a number: their ids are kept with it. */
export const LINK_JOINS_MAX = 1_000;

/** Characters of the name that an owner gives a link. */
export const LINK_NAME_CHARACTERS_MAX = 64;

/** Seconds until which a link may be made to expire: one year. */
export const EXPIRES_IN_S_MAX = 31_536_000;

/**
 * Seconds after its expiry at which a conversation is removed, once no socket is left: time to say
 * why a link is dead.
 */
export const EXPIRED_KEPT_S = 86_400;

/**
 * Joins that `max_joins` may allow: the stream ids it counted are kept for the life of the
 * conversation.
 */
export const MAX_JOINS_MAX = 100_000;

/** Seconds for which a rotated credential may stay alive beside the new one: seven days. */
export const CREDENTIAL_GRACE_S_MAX = 604_800;

/**
 * Seconds for which an earlier credential lives at most while the newer one has not been used,
 * unless given otherwise.
 */
export const CREDENTIAL_UNUSED_S_MAX = 86_400;

/** Credentials of one account that are alive at a time: enough for some answers that were lost. */
export const CREDENTIALS_MAX = 5;

/** Keys of one account, beside its credentials (§2.2.8): more than anybody lists by hand. */
export const KEYS_MAX = 50;

/** Webhooks of one account (§2.15.1): each event is sent to all of them. */
export const WEBHOOKS_MAX = 10;

/** Characters of the name of a key. */
export const KEY_NAME_CHARACTERS_MAX = 64;

/** Characters of a notice (§4.10): a sentence or two. */
export const NOTICE_CHARACTERS_MAX = 500;

/** Events of one account that are kept, the latest: about 200 KiB. */
export const ACCOUNT_EVENTS_MAX = 1_000;

/** Conversations that one page of a listing holds, at most and by default. */
export const LIST_LIMIT_MAX = 1_000;
export const LIST_LIMIT_DEFAULT = 100;

/** Seconds that any deployment may keep frames for replay: seven days. */
export const REPLAY_TTL_S_MAX = 604_800;

/** Bytes that a log of replay has at least: enough for a few short messages. */
export const REPLAY_BYTES_MIN = 1_024;

/** Characters of a cursor at most: what fits in an address and in a header. */
export const CURSOR_CHARACTERS_MAX = 64;
