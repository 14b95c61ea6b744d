/** An account's places, embedded. A place is free once nobody holds it. */
import type { Outcome, Place, PlaceFault, PlaceTerms } from "../directory.ts";
import { accountOfCredential } from "./accounts.ts";
import { type Holder, isHolder } from "./here.ts";
import type { Store } from "./store.ts";

export function reserve(
  store: Store,
  place: Place,
  terms: PlaceTerms,
): Outcome<{ readonly shared: boolean }, PlaceFault> {
  const account = accountOfCredential(store, terms.credential);
  if (account?.account_id !== place.account_id) {
    return { ok: false, fault: "invalid_credential" };
  }
  const streamsMax = account.streams_max ?? terms.streamsMax;
  const places = placesOf(store, place);
  const holders = places.get(nameOf(place));
  if (holders === undefined && places.size >= streamsMax) {
    return { ok: false, fault: "account_concurrency_limit" };
  }
  places.set(nameOf(place), [...without(holders, place), holderOf(place)]);
  return { ok: true, value: { shared: holders !== undefined } };
}

export function keepPlace(store: Store, place: Place): void {
  if (!store.tables.accounts.doesExist(place.account_id)) return;
  placesOf(store, place).set(nameOf(place), [holderOf(place)]);
}

export function release(store: Store, place: Place): void {
  releaseName(store, place.account_id, nameOf(place), holderOf(place));
}

/** Lets this holder go of a place that is known by its name only. */
export function releaseName(
  { here }: Store,
  account: Place["account_id"],
  name: string,
  holder: Holder,
): void {
  const places = here.places.get(account);
  const left = without(places?.get(name), holder);
  if (left.length > 0) places?.set(name, left);
  else places?.delete(name);
  if (places?.size === 0) here.places.delete(account);
}

function placesOf({ here }: Store, { account_id }: Place): Map<string, readonly Holder[]> {
  const places = here.places.get(account_id) ?? new Map<string, readonly Holder[]>();
  here.places.set(account_id, places);
  return places;
}

function without(holders: readonly Holder[] | undefined, one: Holder): readonly Holder[] {
  return (holders ?? []).filter((holder) => !isHolder(holder, one));
}

function nameOf({ conversation_id, stream_id }: Place): string {
  return `${conversation_id}/${stream_id}`;
}

function holderOf({ gateway, connection }: Place): Holder {
  return { gateway, connection };
}
