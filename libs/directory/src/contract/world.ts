/**
 * What the contract suite needs: a directory to open, ears for its announcements, and made-up
 * records. Tests only.
 */
import type {
  AccountId,
  Alias,
  ConversationId,
  Namespace,
  StreamId,
  StreamName,
} from "@ams/protocol";
import { trustJsonText } from "@ams/protocol";
import { ulid } from "ulid";
import type { Claim, CredentialGrace, Directory, QuotaSlot, Where } from "../directory.ts";
import { DEPLOYMENT_LIMITS } from "../limits.ts";
import { newGeneration } from "../new-ids.ts";
import type { Account, Conversation } from "../records.ts";

export type Heard = { readonly channel: string; readonly event: Record<string, unknown> };

export type World = {
  readonly directory: Directory;
  /** Another one on the same store; the same one where there can be only one. */
  readonly other: Directory;
  /**
   * Everything announced since the world began, once all that was announced before this call has
   * arrived.
   */
  heard(): Promise<readonly Heard[]>;
  /** The directory's clock. */
  readonly clock: { ms: number };
  /** Every key with its value, as text; nothing where the store can't be listed from outside. */
  dump(): Promise<readonly string[]>;
  close(): Promise<void>;
};

export const START_MS = Date.parse("2026-01-01T00:00:00.000Z");

let made = 0;

/** A name that no other test has. */
export function fresh(prefix: string): string {
  made += 1;
  return `${prefix}-${made}`;
}

export function newAccount(over: Partial<Account> = {}): Account {
  return {
    account_id: `acc_${ulid()}` as AccountId,
    namespace: fresh("ns") as Namespace,
    created_at: new Date(START_MS).toISOString(),
    plan: null,
    ...DEPLOYMENT_LIMITS,
    ...over,
  };
}

export function newConversation(owner: Account, over: Partial<Conversation> = {}): Conversation {
  return {
    conversation_id: `conv_${ulid()}` as ConversationId,
    generation: newGeneration(),
    namespace: owner.namespace,
    alias: fresh("alias") as Alias,
    owner_account_id: owner.account_id,
    id_kind: "ulid",
    metadata: trustJsonText("{}"),
    created_at: new Date(START_MS).toISOString(),
    expires_at_ms: null,
    max_joins: null,
    subscribers_max: null,
    ...over,
  };
}

export { whereOf } from "../records.ts";

export const name = (text: string) => text as StreamName;

/** A stream id that is the same for the same account and name. */
export function streamId(account: string, stream: string): StreamId {
  return `str_${Buffer.from(`${account.slice(-8)}${stream}`)
    .toString("hex")
    .padEnd(26, "0")
    .slice(0, 26)}` as StreamId;
}

export function newClaim(where: Where, owner: Account, over: Partial<Claim> = {}): Claim {
  const stream_name = over.stream_name ?? name("a");
  return {
    where,
    stream_id: streamId(owner.account_id, stream_name),
    stream_name,
    owner_account_id: owner.account_id,
    metadata: null,
    peer_identity: null,
    joined_at: new Date(START_MS).toISOString(),
    gateway: "aaaaaaaaaaaaaaaa",
    connection: fresh("connection"),
    link: 1,
    subscribersMax: 100,
    ...over,
  };
}

export function slotOf(claim: Claim): QuotaSlot {
  const { owner_account_id: account_id, stream_id, gateway, connection } = claim;
  return {
    kind: "stream",
    account_id,
    conversation_id: claim.where.conversationId,
    stream_id,
    gateway,
    connection,
  };
}

/** Earlier credentials live for this long, whatever is used meanwhile. */
export function graceOf(ms: number): CredentialGrace {
  return { ms, untilUsed: false };
}

/** Fails unless it is ok. */
export function value<Value>(
  outcome:
    | { readonly ok: true; readonly value: Value }
    | { readonly ok: false; readonly fault: string },
): Value {
  if (!outcome.ok) throw new Error(`fault: ${outcome.fault}`);
  return outcome.value;
}

export function faultOf(outcome: { readonly ok: boolean; readonly fault?: string }): string | null {
  return outcome.fault ?? null;
}
