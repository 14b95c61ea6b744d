/** Every limit of the protocol, with its unit. */

/** Characters of an address. */
export const ADDRESS_CHARACTERS_MAX = 254;
/** Characters of a message id. */
export const ID_CHARACTERS_MAX = 128;
/** Characters of a subject. */
export const SUBJECT_CHARACTERS_MAX = 256;
/** Characters of a payload's type. */
export const TYPE_CHARACTERS_MAX = 128;
/** Bytes of UTF-8 of a payload's message. */
export const MESSAGE_BYTES_MAX = 65_536;
/** Bytes of compact JSON of a payload's context. */
export const CONTEXT_BYTES_MAX = 262_144;
/** Bytes of envelope and payload as compact JSON. */
export const WHOLE_BYTES_MAX = 524_288;
/** Bytes of a request body, attachments apart. */
export const BODY_BYTES_MAX = 1_048_576;
/** Levels of a JSON text: its readers recurse. */
export const JSON_DEPTH_MAX = 64;
/** Values in a JSON text, members and items: what takes some tens of milliseconds to read. */
export const JSON_VALUES_MAX = 65_536;
/** Attachments of one message. */
export const ATTACHMENTS_MAX = 10;
/** Bytes of one attachment. */
export const ATTACHMENT_BYTES_MAX = 26_214_400;
/** Bytes of all attachments of a message. */
export const ATTACHMENTS_BYTES_MAX = 104_857_600;
/** Characters of a public key in PEM: RSA of 8,192 bits has about 1,500. */
export const PEM_CHARACTERS_MAX = 4_096;
/** Seconds that a signed timestamp may be away from our clock. */
export const SKEW_S_MAX = 300;
/** Seconds that a provider's timestamp may be ahead of our clock. */
export const AHEAD_S_MAX = 60;
/** Milliseconds that a message stays in a queue unless it says less. */
export const LIFE_MS = 7 * 86_400_000;
/** Milliseconds that a message may ask to stay in a queue. */
export const LIFE_MS_MAX = 30 * 86_400_000;
