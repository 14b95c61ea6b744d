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

  /** Whose rates and use count what a stream does: its account's, for a guest the owner's. */
  payerOf({ owner_account_id }: Pick<HeldStream, "owner_account_id">): AccountId {
    return isGuest(owner_account_id) ? this.#owner : owner_account_id;
  }

  /** Counted by the limit of its account, or for a guest by that of the conversation's owner. */
  slotOf({ owner_account_id, stream_id, gateway, connection }: HeldStream): QuotaSlot {
    return {
      kind: isGuest(owner_account_id) ? "guest" : "stream",
      account_id: this.payerOf({ owner_account_id }),
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
