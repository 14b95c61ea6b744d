/**
 * The wire as types and pure functions: no I/O, no clock, no Node. The zod schemas are in
 * `@ams/protocol/schema`.
 */
export {
  CLOSE,
  type CloseReason,
  type CloseRow,
  type ComeBack,
  type ConnectFault,
  type FrameFault,
} from "./close.ts";
export {
  CONNECT_PARAMETERS,
  readBearer,
  readFlag,
  readPeerIdentity,
  readStreamMetadata,
  readSubscribeStreams,
  SUBPROTOCOL,
  SUBPROTOCOL_BEARER_PREFIX,
  SUBPROTOCOL_GUEST,
} from "./connect.ts";
export {
  DATA_KEY,
  encodeDrain,
  encodeGap,
  encodeJoined,
  encodePeer,
  encodeReceipt,
  encodeStreamJoined,
  encodeStreamLeft,
  encodeStreamMetadata,
  encodeTokenHead,
  PONG,
  SEQ_KEY,
} from "./encode.ts";
export type {
  ClientFrame,
  Gap,
  GapReason,
  Joined,
  Peer,
  ServerFrame,
  ServerFrameMember,
  StreamIdentity,
} from "./frames.ts";
export {
  type AccountId,
  type Alias,
  type ConversationId,
  isAccountId,
  isAlias,
  isConversationId,
  isCredential,
  isGuest,
  isLinkToken,
  isNamespace,
  isStreamId,
  isStreamName,
  type Namespace,
  RESERVED_NAMESPACES,
  SLUG,
  type StreamId,
  type StreamName,
} from "./ids.ts";
export {
  EMPTY_OBJECT,
  isRecord,
  type Json,
  type JsonText,
  type JsonWork,
  joinMembers,
  readJson,
  readMembers,
  toJsonText,
  trustJsonText,
  utf8Bytes,
} from "./json.ts";
export {
  ACCOUNT_BODY_BYTES_MAX,
  BODY_BYTES_MAX,
  CANONICAL_JSON_TOKENS_MAX,
  CREDENTIAL_GRACE_S_MAX,
  CREDENTIAL_UNUSED_S_MAX,
  CREDENTIALS_MAX,
  EARLY_BYTES_MAX,
  EXPIRED_KEPT_S,
  EXPIRES_IN_S_MAX,
  FRAME_BYTES_MAX,
  FRAME_JSON_TOKENS_MAX,
  HEADER_BYTES_MAX,
  JSON_DEPTH_MAX,
  JSON_TOKENS_MAX,
  LINKS_MAX,
  LIST_LIMIT_DEFAULT,
  LIST_LIMIT_MAX,
  MAX_JOINS_MAX,
  METADATA_BYTES_MAX,
  METADATA_HEADER_BYTES_MAX,
  OTHER_FRAME_BYTES_MAX,
  PEER_IDENTITY_BYTES_MAX,
  SUBSCRIBE_STREAMS_MAX,
  TOKEN_BYTES_MAX,
  TOKEN_FRAME_BYTES_MAX,
} from "./limits.ts";
export {
  connectUrl,
  formatMagicLink,
  type LinkAddress,
  type LinkOptions,
  type MagicLink,
  parseLinkAddress,
  parseMagicLink,
} from "./link.ts";
export { checkMetadata, isExtension, parseClientFrame } from "./parse.ts";
export { PROBLEMS, type Problem, type ProblemCode } from "./problem.ts";
export { compareSeq, formatSeq, parseSeq, type Seq } from "./seq.ts";
export { type DataSpan, findTokenData } from "./token-data.ts";
