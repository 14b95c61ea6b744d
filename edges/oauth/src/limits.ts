/** Limits of the authorization server, each with its unit and reason. */

/** Seconds from consent to exchange: the client is waiting. */
export const CODE_S = 60;
/** Seconds for which a code that was used is remembered, so that its second use is noticed. */
export const USED_CODE_S = 3_600;
/** Seconds of an access token: what a client holds that no longer may; the key's end is at once. */
export const ACCESS_S = 3_600;
/** Seconds after which a connector that was not used must ask again: 60 days. */
export const GRANT_S = 5_184_000;
/** Seconds that a grant lasts at most, used or not: 180 days. */
export const GRANT_S_MAX = 15_552_000;
/** Seconds after which a registered client that nobody used is forgotten: 90 days. */
export const CLIENT_S = 7_776_000;
/** Seconds for which a client's metadata document is kept. */
export const DOCUMENT_S = 3_600;
/** Bytes of a client's metadata document (its draft says 5 KB). */
export const DOCUMENT_BYTES_MAX = 10_240;
/** Bytes of a request's body: forms and registrations. */
export const BODY_BYTES_MAX = 16_384;
export const REDIRECT_URIS_MAX = 10;
/** Characters of a redirect URI, and of `state`, which come back in an address. */
export const URI_CHARACTERS_MAX = 2_048;
export const NAME_CHARACTERS_MAX = 80;
