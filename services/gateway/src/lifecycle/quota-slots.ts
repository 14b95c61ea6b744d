/** What limits of accounts count: a quota slot for each live stream. */
import type { Held, QuotaSlot, RosterEntry } from "@ams/directory";
import { type AccountId, type ConversationId, isGuest } from "@ams/protocol";

/** A stream as far as its quota slot depends on it. */
export type HeldStream = Pick<
  RosterEntry,
  "owner_account_id" | "stream_id" | "gateway" | "connection"
>;

/** Whose limit counts the streams of one conversation. */
export class Quota {
  readonly #conversation: ConversationId;
  readonly #owner: AccountId;

  constructor(conversation: ConversationId, owner: AccountId) {
    this.#conversation = conversation;
    this.#owner = owner;
  }

  /** Counted by the limit of its account, or for a guest by that of the conversation's owner. */
  slotOf({ owner_account_id, stream_id, gateway, connection }: HeldStream): QuotaSlot {
    const guest = isGuest(owner_account_id);
    return {
      kind: guest ? "guest" : "stream",
      account_id: guest ? this.#owner : owner_account_id,
      conversation_id: this.#conversation,
      stream_id,
      gateway,
      connection,
    };
  }
}

/** Whether what the directory lists of a connection is what the connection holds. */
export function isHeldBy(held: Held, entry: RosterEntry, own: QuotaSlot): boolean {
  if (held.kind === "stream") return entry.stream_name === held.stream_name;
  const { kind, account_id, stream_id } = held.slot;
  return kind === own.kind && account_id === own.account_id && stream_id === own.stream_id;
}
