/**
 * Be a subscriber. This entry is for browsers, Bun and Deno, and imports nothing of Node's;
 * `node.ts` is the same for Node, where a WebSocket may have to be brought along. No runtime
 * dependency, one error class: `AmsError`.
 */
import { type Join, joinOver } from "./connection/join.ts";
import { openWebSocket } from "./connection/web-socket.ts";

export {
  type Account,
  type AccountDetails,
  type CreateAccountOptions,
  type CreateKeyOptions,
  type CreateLinkOptions,
  createAccount,
  type MintOptions,
  type NewLinkOptions,
  type OpenAccountOptions,
  openAccount,
  type RotateOptions,
  type UsageOptions,
} from "./account/account.ts";
export type { Conversation, Inspected, Minted } from "./account/conversation.ts";
export { type Health, health, inspect, type Offer, offer } from "./account/deployment.ts";
export type { CreatedKey, Key, KeyScope, ListedKey } from "./account/key.ts";
export type { CreatedLink, Link, LinkTerms, ListedLink } from "./account/link.ts";
export type { RequestOptions } from "./account/request-options.ts";
export type { UsageHour } from "./account/usage.ts";
export type { Connection, ListenOptions, TokensOptions } from "./connection/connection.ts";
export type { Join } from "./connection/join.ts";
export type { Identity, JoinOptions } from "./connection/join-options.ts";
export { type LinkParts, parseLink } from "./connection/link.ts";
export type { OnFrame } from "./connection/observe.ts";
export { AmsError, type AmsErrorCode, type AmsErrorDetails, type ClientFault } from "./errors.ts";
export {
  CONVENTION,
  displayNameOf,
  END_OF_CONVERSATION,
  END_OF_CONVERSATION_DATA,
  END_OF_TURN,
  END_OF_TURN_DATA,
  isEndOfTurn,
  type Sentinel,
  sentinelOf,
  TURN_PAUSE_MS,
  turnEndOf,
} from "./listening/conventions.ts";
export type {
  AmsEvent,
  ClosedEvent,
  CursorEvent,
  DrainingEvent,
  EventOf,
  GapEvent,
  JoinedEvent,
  Kept,
  LiveEvent,
  Metadata,
  NoticeEvent,
  Peer,
  PeerIdentity,
  ReconnectingEvent,
  ReplayedEvent,
  RosterEvent,
  StreamEndedEvent,
  StreamIdentity,
  StreamJoinedEvent,
  StreamLeftEvent,
  StreamMetadataEvent,
  TokenEvent,
} from "./listening/events.ts";
export type { Receipt } from "./listening/frames.ts";
export type { Turn, TurnStream } from "./listening/turn.ts";
export type { TextOptions, Turns } from "./listening/turns.ts";
export type { Pick, Piped, PipeOptions } from "./sending/pipe.ts";
export type { SendOptions } from "./sending/send.ts";
export type { Source } from "./sending/source.ts";
export { splitText } from "./sending/token.ts";

/**
 * Joins a conversation as one stream and stays in it until `close`: see `Connection` for what it
 * gives and how it comes back. Errors: `invalid_link`, `invalid_credential`, `missing_credential`,
 * `invalid_stream_name`, `invalid_stream_metadata`, `invalid_argument` (all found before anything
 * is sent); `invalid_magic_link` (wrong, expired, used up or revoked), `conversation_not_found`,
 * `stream_name_conflict`, `account_concurrency_limit`, `conversation_subscriber_limit` (§3.3);
 * `unreachable`, `not_ams`, `websocket_blocked`, `timeout`, `aborted`. Source: §3.
 *
 * @example
 * ```ts
 * import { createAccount, join } from "ams-client";
 *
 * const account = await createAccount("http://127.0.0.1:8080", { namespace: "two-streams" });
 * const { magicLink } = await account.mint();
 * const reader = await join(magicLink);
 * const writer = await join(magicLink, { credential: account.credential, streamName: "writer" });
 * await writer.send("hello");
 * for await (const token of reader.tokens()) {
 *   console.log(token.streamName, token.data); // writer hello
 *   break;
 * }
 * await Promise.all([reader.close(), writer.close()]);
 * ```
 *
 * @example
 * ```ts
 * import { createAccount, join } from "ams-client";
 *
 * async function* model() {
 *   for (const word of ["all", "at", "once"]) yield { delta: { content: word } };
 * }
 *
 * const account = await createAccount("http://127.0.0.1:8080", { namespace: "a-model" });
 * const { magicLink } = await account.mint();
 * const { credential } = account;
 * const person = await join(magicLink, { credential, streamName: "person" });
 * const agent = await join(magicLink, { credential, streamName: "agent", receipts: true });
 * const answer = person.text("agent");
 * await agent.pipe(model(), (chunk) => chunk.delta.content);
 * for await (const piece of answer) console.log(piece);
 * // all
 * // at
 * // once
 * await Promise.all([person.close(), agent.close()]);
 * ```
 */
export const join: Join = (magicLink, options) => joinOver(openWebSocket, magicLink, options);
