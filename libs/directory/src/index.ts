/** Who exists and who is here. Open one with `openRedisDirectory` or `openEmbeddedDirectory`. */
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
  type Place,
  type PlaceFault,
  type PlaceKind,
  type PlaceTerms,
  type Presence,
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
  type RosterEvent,
} from "./events.ts";
export { type Channels, DEFAULT_PREFIX, type Keys, keysUnder } from "./keys.ts";
export {
  canonicalConversationId,
  newAccountId,
  newConversationId,
  newGeneration,
} from "./new-ids.ts";
export {
  type Account,
  type AccountLimits,
  type Address,
  type Admission,
  type ConnectionId,
  type Conversation,
  DEPLOYMENT_LIMITS,
  type GatewayId,
  type IdKind,
  type Link,
  type RosterEntry,
  whereOf,
} from "./records.ts";
export { tagOf } from "./redis/channel-tags.ts";
export {
  connectRedis,
  isSharded,
  type RedisClient,
  type RedisConnection,
  type RedisRole,
  reconnect,
  whenReady,
} from "./redis/connect.ts";
export { openRedisDirectory, type RedisDirectoryOptions } from "./redis/redis-directory.ts";
export {
  openSubscriber,
  type Subscriber,
  type SubscriberEvents,
  type SubscriptionLoss,
} from "./redis/subscriber.ts";
export { redisPrefix, redisUrlFault } from "./redis/url.ts";
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
