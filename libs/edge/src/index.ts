/**
 * A session for runtimes that can't hold a socket: subscriptions in conversations, with a buffer
 * and a cursor each.
 */

export { askCredentials } from "./checks/credentials.ts";
export { FAULTS, type Failure, type Fault, failure } from "./checks/faults.ts";
export { askLinks } from "./checks/links.ts";
export { automaticName, slugOf } from "./checks/names.ts";
export { createSeal, newNonce, type Seal } from "./checks/seal.ts";
export { systemClock } from "./clock.ts";
export type {
  CheckedLink,
  Clock,
  Count,
  Counters,
  Credentials,
  Links,
  Listener,
  Listening,
  ListenOptions,
  OpenSession,
  Result,
  Session,
  Who,
  Wrapper,
  WrapperOptions,
} from "./contract.ts";
export type { WrapperLimits } from "./limits.ts";
export {
  defineEdge,
  type Edge,
  type EdgeApp,
  type EdgeParts,
  type EdgeStart,
  type OpenEdge,
} from "./process/edge.ts";
export { readEdgeProcess } from "./process/edge-config.ts";
export { runEdge } from "./process/run-edge.ts";
export type {
  Joined,
  JoinRequest,
  MessagesRequest,
  MetadataRequest,
  Named,
  Pending,
  PendingOptions,
  Received,
  ReceivedMessages,
  RecvRequest,
  Roster,
  SendRequest,
  Sent,
  SentText,
  Target,
} from "./sessions/requests.ts";
export { principalOf } from "./sessions/who.ts";
export type { Access, Layout } from "./spaces/access.ts";
export {
  answer,
  answerBytes,
  answerEvents,
  answerJson,
  limitIn,
  nextEvent,
  readBody,
  wholeIn,
} from "./spaces/answers.ts";
export type { Resolve, Resolved } from "./spaces/identities.ts";
export { type LinkFault, linkFault } from "./spaces/link-fault.ts";
export { parseSecrets } from "./spaces/secrets.ts";
export {
  DID_WEB_SETTINGS,
  JOURNAL_SETTINGS,
  readSpaceConfig,
  type SpaceConfig,
} from "./spaces/space-config.ts";
export { SpaceProcess, type SpaceProcessOptions, type SpaceWire } from "./spaces/space-process.ts";
export {
  type ContextOf,
  createSpaceApp,
  type FrameError,
  type Gate,
  type SpaceRow,
} from "./spaces/space-routes.ts";
export { type Said, SpaceStream } from "./spaces/space-stream.ts";
export type { Space, Spaces } from "./spaces/spaces.ts";
export { answerTile } from "./spaces/tiles.ts";
export type { PushEvent, SubscriptionEvent } from "./subscriptions/events.ts";
export {
  type Entry,
  MESSAGE_KINDS,
  type Message,
  type MessageKind,
  type Presence,
} from "./subscriptions/messages.ts";
export { createWrapper } from "./wrapper.ts";
