/** An account's quota slots, embedded. A quota slot is free once nobody holds it. */
import type { ConversationId, StreamId } from "@ams/protocol";
import type { Outcome, QuotaSlot, QuotaSlotFault, QuotaSlotTerms, Reserved } from "../directory.ts";
import { type GatewayId, isGranted } from "../records.ts";
import { storedAccount, useCredential } from "./credentials.ts";
import { type Holder, isHolder } from "./here.ts";
import { reportLimit } from "./outbox.ts";
import type { Store } from "./store.ts";

export function reserve(
  store: Store,
  slot: QuotaSlot,
  terms: QuotaSlotTerms,
): Outcome<Reserved, QuotaSlotFault> {
  const allowed = allowance(store, slot, terms);
  if (!allowed.ok) return allowed;
  const { most, credentialEndsMs } = allowed.value;
  const slots = slotsOf(store, slot);
  const holders = slots.get(nameOf(slot));
  if (holders === undefined && slots.size >= most) {
    reportLimit(store, slot.account_id, slot.kind === "guest" ? "guests_max" : "streams_max", most);
    return { ok: false, fault: "account_concurrency_limit" };
  }
  slots.set(nameOf(slot), [...without(holders, slot), holderOf(slot)]);
  return { ok: true, value: { shared: holders !== undefined, credentialEndsMs } };
}

type Allowance = { readonly most: number; readonly credentialEndsMs: number | null };

/** How many quota slots the account may hold, once it is sure that this one may be asked for. */
function allowance(
  store: Store,
  { kind, account_id }: QuotaSlot,
  { credential, slotsMax }: QuotaSlotTerms,
): Outcome<Allowance, QuotaSlotFault> {
  if (kind === "guest") {
    const owner = storedAccount(store, account_id)?.account;
    if (owner === undefined) return { ok: false, fault: "conversation_not_found" };
    return { ok: true, value: { most: owner.guests_max ?? slotsMax, credentialEndsMs: null } };
  }
  const used = credential === null ? null : useCredential(store, credential);
  if (used?.account.account_id !== account_id) return { ok: false, fault: "invalid_credential" };
  if (!isGranted(used.scopes, "join")) return { ok: false, fault: "insufficient_scope" };
  const most = used.account.streams_max ?? slotsMax;
  return { ok: true, value: { most, credentialEndsMs: used.endsMs } };
}

export function keepSlot(store: Store, slot: QuotaSlot): void {
  if (!store.tables.accounts.doesExist(slot.account_id)) return;
  slotsOf(store, slot).set(nameOf(slot), [holderOf(slot)]);
}

export function release({ here }: Store, slot: QuotaSlot): void {
  const accounts = here.slots[slot.kind];
  const slots = accounts.get(slot.account_id);
  const left = without(slots?.get(nameOf(slot)), slot);
  if (left.length > 0) slots?.set(nameOf(slot), left);
  else slots?.delete(nameOf(slot));
  if (slots?.size === 0) accounts.delete(slot.account_id);
}

/** Every quota slot that this gateway holds. */
export function slotsHeldBy({ here }: Store, gateway: GatewayId): readonly QuotaSlot[] {
  const held: QuotaSlot[] = [];
  for (const kind of ["stream", "guest"] as const) {
    for (const [account_id, slots] of here.slots[kind]) {
      for (const [name, holders] of slots) {
        for (const holder of holders) {
          if (holder.gateway === gateway)
            held.push({ kind, account_id, ...idsOf(name), ...holder });
        }
      }
    }
  }
  return held;
}

function slotsOf({ here }: Store, { kind, account_id }: QuotaSlot): Map<string, readonly Holder[]> {
  const slots = here.slots[kind].get(account_id) ?? new Map<string, readonly Holder[]>();
  here.slots[kind].set(account_id, slots);
  return slots;
}

function without(holders: readonly Holder[] | undefined, one: Holder): readonly Holder[] {
  return (holders ?? []).filter((holder) => !isHolder(holder, one));
}

function nameOf({ conversation_id, stream_id }: QuotaSlot): string {
  return `${conversation_id}/${stream_id}`;
}

function idsOf(name: string): Pick<QuotaSlot, "conversation_id" | "stream_id"> {
  const [conversation, stream] = name.split("/");
  return {
    conversation_id: conversation as ConversationId,
    stream_id: stream as StreamId,
  };
}

function holderOf({ gateway, connection }: QuotaSlot): Holder {
  return { gateway, connection };
}
