/** Who exists and who is here. Open one with `openRedisDirectory` or `openEmbeddedDirectory`. */

export type { Channels } from "./channels.ts";
export {
  type Accounts,
  type Claim,
  type Claimed,
  type ClaimFault,
  type ConversationPage,
  type Conversations,
  type CredentialEnd,
  type CredentialGrace,
  type CredentialHolder,
  type Directory,
  DirectoryUnavailable,
  type Held,
  type HeldPage,
  type Leases,
  type Minted,
  type MintFault,
  type NewConversation,
  type Outcome,
  type PepperKind,
  type Presence,
  type QuotaSlot,
  type QuotaSlotFault,
  type QuotaSlotKind,
  type QuotaSlotTerms,
  type ReclaimFault,
  type Reserved,
  type Where,
} from "./directory.ts";
export {
  type EmbeddedDirectoryOptions,
  openEmbeddedDirectory,
} from "./embedded/embedded-directory.ts";
export {
  type ChannelEvent,
  type DeploymentEvent,
  decodeDeploymentEvent,
  decodeEvent,
  encodeEvent,
  type GatewayEvent,
  type LogEvent,
  type RosterEvent,
} from "./events.ts";
export {
  canonicalConversationId,
  newAccountId,
  newConversationId,
  newGeneration,
  newKeyId,
} from "./new-ids.ts";
export {
  type Account,
  type AccountKey,
  type AccountLimits,
  type AccountUse,
  type Address,
  type Admission,
  type ConnectionId,
  type Conversation,
  DEPLOYMENT_LIMITS,
  type GatewayId,
  type Grant,
  type IdKind,
  isGranted,
  type Link,
  type LinkTerms,
  type LinkUse,
  type RosterEntry,
  whereOf,
} from "./records.ts";
export { type Keys, keysUnder } from "./redis/keys.ts";
export { openRedisDirectory, type RedisDirectoryOptions } from "./redis/redis-directory.ts";
export {
  equalsAny,
  guestAccountOf,
  hash,
  hashes,
  matches,
  newCredential,
  newLinkToken,
  newStreamName,
  type PepperList,
  type Peppers,
  streamIdOf,
} from "./secrets.ts";
