/**
 * Who and what exists in every history: accounts, conversations, their secrets and the connects
 * made of them.
 */
import {
  type Account,
  type Conversation,
  DEPLOYMENT_LIMITS,
  guestAccountOf,
  hash,
  type Peppers,
  streamIdOf,
  whereOf,
} from "@ams/directory";
import { readSettings } from "@ams/process";
import type {
  AccountId,
  Alias,
  ConversationId,
  JsonText,
  Namespace,
  StreamId,
  StreamName,
} from "@ams/protocol";
import type { ConnectRequest } from "../accept/admit.ts";
import { GATEWAY_SETTINGS, type GatewayConfig } from "../config.ts";
import type { Identity } from "./client.ts";
import { START_MS } from "./scheduler.ts";

export const PEPPERS: Peppers = { credential: ["c".repeat(32)], link: ["l".repeat(32)] };

const CREATED_AT = new Date(START_MS).toISOString();

export const ACCOUNTS = [0, 1].map((number) => {
  const credential = `ams_sk_${String(number).repeat(43)}`;
  const account: Account = {
    account_id: `acc_0000000000000000000000000${number}` as AccountId,
    namespace: `account-${number}` as Namespace,
    created_at: CREATED_AT,
    plan: null,
    ...DEPLOYMENT_LIMITS,
  };
  return { account, credential, hash: hash(PEPPERS.credential[0], credential) };
});

export const CONVERSATIONS = [0, 1].map((number) => {
  const conversation: Conversation = {
    conversation_id: `conv_0000000000000000000000000${number}` as ConversationId,
    namespace: "account-0" as Namespace,
    alias: `conversation-${number}` as Alias,
    generation: `generation-${number}`,
    owner_account_id: "acc_00000000000000000000000000" as AccountId,
    id_kind: "ulid",
    metadata: "{}" as JsonText,
    created_at: CREATED_AT,
    expires_at_ms: null,
    max_joins: null,
    subscribers_max: null,
  };
  const token = String(number).repeat(43);
  const where = whereOf(conversation);
  return { conversation, token, where, linkHash: hash(PEPPERS.link[0], token) };
});

export type Cast = {
  readonly account: (typeof ACCOUNTS)[number] | null;
  readonly conversation: (typeof CONVERSATIONS)[number];
};

export function castOf(identity: Identity): Cast {
  const conversation = CONVERSATIONS[identity.conversation];
  if (conversation === undefined) throw new Error("no such conversation");
  const account = identity.account === null ? null : (ACCOUNTS[identity.account] ?? null);
  return { account, conversation };
}

/** The id that a client's stream has. */
export function streamOf(identity: Identity): StreamId {
  const { account, conversation } = castOf(identity);
  const id = account?.account.account_id ?? guestAccountOf(PEPPERS, conversation.token);
  const { conversation_id } = conversation.conversation;
  return streamIdOf(PEPPERS, conversation_id, id, identity.name as StreamName);
}

/** Selective clients listen to the stream `listed` alone. */
export function requestOf(identity: Identity, listed: StreamId): ConnectRequest {
  const { account, conversation } = castOf(identity);
  const { self, receipts, selective } = identity.terms;
  const headers = new Map([["x-ams-stream-name", identity.name]]);
  if (self) headers.set("x-ams-self-subscribe", "1");
  if (receipts) headers.set("x-ams-receipts", "1");
  if (selective) headers.set("x-ams-subscribe-streams", listed);
  return {
    isHostAccepted: true,
    namespace: conversation.conversation.namespace,
    alias: conversation.conversation.alias,
    query: new URLSearchParams({ t: conversation.token }),
    authorization: account === null ? "" : `Bearer ${account.credential}`,
    subprotocols: account === null ? ["ams.v1", "ams.guest"] : ["ams.v1"],
    headers,
  };
}

const settings = readSettings(GATEWAY_SETTINGS, {
  AMS_DRAIN_MS: "300",
  AMS_DRAIN_SPREAD_MS: "500",
});
if (!settings.ok) throw new Error(settings.faults.join(" "));
export const CONFIG: GatewayConfig = settings.value;
