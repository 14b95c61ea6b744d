/** An account's places, embedded. A place is free once nobody holds it. */
import type { ConversationId, StreamId } from "@ams/protocol";
import type { Outcome, Place, PlaceFault, PlaceTerms, Reserved } from "../directory.ts";
import type { GatewayId } from "../records.ts";
import { storedAccount, useCredential } from "./credentials.ts";
import { type Holder, isHolder } from "./here.ts";
import type { Store } from "./store.ts";

export function reserve(
  store: Store,
  place: Place,
  terms: PlaceTerms,
): Outcome<Reserved, PlaceFault> {
  const allowed = allowance(store, place, terms);
  if (!allowed.ok) return allowed;
  const { most, credentialEndsMs } = allowed.value;
  const places = placesOf(store, place);
  const holders = places.get(nameOf(place));
  if (holders === undefined && places.size >= most) {
    return { ok: false, fault: "account_concurrency_limit" };
  }
  places.set(nameOf(place), [...without(holders, place), holderOf(place)]);
  return { ok: true, value: { shared: holders !== undefined, credentialEndsMs } };
}

type Allowance = { readonly most: number; readonly credentialEndsMs: number | null };

/** How many places the account may hold, once it is sure that this one may be asked for. */
function allowance(
  store: Store,
  { kind, account_id }: Place,
  { credential, placesMax }: PlaceTerms,
): Outcome<Allowance, PlaceFault> {
  if (kind === "guest") {
    const owner = storedAccount(store, account_id)?.account;
    if (owner === undefined) return { ok: false, fault: "conversation_not_found" };
    return { ok: true, value: { most: owner.guests_max ?? placesMax, credentialEndsMs: null } };
  }
  const used = credential === null ? null : useCredential(store, credential);
  if (used?.account.account_id !== account_id) return { ok: false, fault: "invalid_credential" };
  const most = used.account.streams_max ?? placesMax;
  return { ok: true, value: { most, credentialEndsMs: used.endsMs } };
}

export function keepPlace(store: Store, place: Place): void {
  if (!store.tables.accounts.doesExist(place.account_id)) return;
  placesOf(store, place).set(nameOf(place), [holderOf(place)]);
}

export function release({ here }: Store, place: Place): void {
  const accounts = here.places[place.kind];
  const places = accounts.get(place.account_id);
  const left = without(places?.get(nameOf(place)), place);
  if (left.length > 0) places?.set(nameOf(place), left);
  else places?.delete(nameOf(place));
  if (places?.size === 0) accounts.delete(place.account_id);
}

/** Every place that this gateway holds. */
export function placesHeldBy({ here }: Store, gateway: GatewayId): readonly Place[] {
  const held: Place[] = [];
  for (const kind of ["stream", "guest"] as const) {
    for (const [account_id, places] of here.places[kind]) {
      for (const [name, holders] of places) {
        for (const holder of holders) {
          if (holder.gateway === gateway)
            held.push({ kind, account_id, ...idsOf(name), ...holder });
        }
      }
    }
  }
  return held;
}

function placesOf({ here }: Store, { kind, account_id }: Place): Map<string, readonly Holder[]> {
  const places = here.places[kind].get(account_id) ?? new Map<string, readonly Holder[]>();
  here.places[kind].set(account_id, places);
  return places;
}

function without(holders: readonly Holder[] | undefined, one: Holder): readonly Holder[] {
  return (holders ?? []).filter((holder) => !isHolder(holder, one));
}

function nameOf({ conversation_id, stream_id }: Place): string {
  return `${conversation_id}/${stream_id}`;
}

function idsOf(name: string): Pick<Place, "conversation_id" | "stream_id"> {
  const [conversation, stream] = name.split("/");
  return {
    conversation_id: conversation as ConversationId,
    stream_id: stream as StreamId,
  };
}

function holderOf({ gateway, connection }: Place): Holder {
  return { gateway, connection };
}
