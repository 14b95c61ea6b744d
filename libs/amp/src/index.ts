/** The Agent Messaging Protocol: types, pure functions, and a client of its HTTP API. */
export {
  type Address,
  expandAddress,
  formatAddress,
  isAddressMatch,
  isAddressPattern,
  isDomain,
  isName,
  isTenant,
  parseAddress,
  tenantOf,
} from "./address.ts";
export { canonicalText, hashOf, readingsOf } from "./canonical.ts";
export { CARD_LIFE_MS_MAX, cardText, isCardSignature, signCard } from "./card.ts";
export {
  AmpClient,
  AmpError,
  ask,
  type Identity,
  type Incoming,
  type Members,
  type Outgoing,
  readIncoming,
  registerAgent,
} from "./client.ts";
export { type AmpFault, FAULT_STATUS } from "./faults.ts";
export { type Flags, flagsOf, isSplit, stringsOf } from "./flags.ts";
export { type IdKind, isId, makeId } from "./ids.ts";
export {
  type JsonFault,
  type JsonNode,
  type JsonReading,
  type JsonText,
  memberOf,
  readJson,
  sourceOf,
} from "./json-text.ts";
export {
  ALGORITHMS,
  type Algorithm,
  didOf,
  isAlgorithm,
  isFingerprintOf,
  type PublicKey,
  parseAnyKey,
  parsePublicKey,
  publicKeyOf,
  publicKeyOfHex,
} from "./keys.ts";
export {
  ADDRESS_CHARACTERS_MAX,
  AHEAD_S_MAX,
  ATTACHMENT_BYTES_MAX,
  ATTACHMENTS_BYTES_MAX,
  ATTACHMENTS_MAX,
  BODY_BYTES_MAX,
  CONTEXT_BYTES_MAX,
  JSON_VALUES_MAX,
  LIFE_MS,
  LIFE_MS_MAX,
  MESSAGE_BYTES_MAX,
  SKEW_S_MAX,
  SUBJECT_CHARACTERS_MAX,
  TYPE_CHARACTERS_MAX,
  WHOLE_BYTES_MAX,
} from "./limits.ts";
export { PATTERNS, type Pattern, type Severity } from "./patterns.ts";
export {
  hmacSignature,
  isHmacSignature,
  isRotationProof,
  isSameText,
  PRIORITIES,
  type Priority,
  registrationText,
  type SignedFields,
  signedText,
  signMessage,
  signText,
  timedBody,
  timedGet,
  verifyMessage,
  verifyText,
} from "./signing.ts";
export { type Trust, wrapMessage } from "./wrap.ts";
