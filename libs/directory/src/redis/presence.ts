/** Who is here, on Redis: each step on a conversation is one script in its slot, each step on an account one in its own. */
import type { JsonText } from "@ams/protocol";
import type { Claim, ClaimFault, Place, Presence, ReclaimFault, Where } from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { type ConversationKeys, DEPARTED_MAX, DEPARTED_TTL_S } from "../keys.ts";
import type { GatewayId, RosterEntry } from "../records.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import { claim as claimScript } from "./scripts/claim.ts";
import { leave } from "./scripts/leave.ts";
import { keepPlace, release, reserve } from "./scripts/places.ts";
import { reclaim } from "./scripts/reclaim.ts";
import { setStreamMetadata } from "./scripts/set-stream-metadata.ts";
import { snapshot } from "./scripts/snapshot.ts";
import { listOf, type Store, textOf, textsOf } from "./store.ts";

const CLAIM_FAULTS = {
  conversation_not_found: true,
  invalid_magic_link: true,
  stream_name_conflict: true,
  conversation_subscriber_limit: true,
} as const satisfies Record<ClaimFault, true>;

const RECLAIM_FAULTS = {
  conversation_not_found: true,
  displaced: true,
  claim_forgotten: true,
} as const satisfies Record<ReclaimFault, true>;

export function redisPresence(store: Store): Presence {
  return {
    async reserve(place, { credential, streamsMax }) {
      const { record, credentials, places, account, name, held } = placeParts(store, place);
      const holder = [account, name, place.gateway, place.connection];
      const keys = [record, credentials, places, held];
      const terms = [credential, store.now(), streamsMax];
      const reply = textOf(await store.run(reserve, keys, [...holder, ...terms]));
      if (reply === "invalid_credential" || reply === "account_concurrency_limit") {
        return { ok: false, fault: reply };
      }
      return { ok: true, value: { shared: reply === "shared" } };
    },

    async keepPlace(place) {
      const { record, places, heldPrefix, account, name, held } = placeParts(store, place);
      const args = [account, name, place.gateway, place.connection, heldPrefix];
      await store.run(keepPlace, [record, places, held], args);
    },

    async release(place) {
      const { account, name } = placeParts(store, place);
      await releasePlace(store, {
        account,
        name,
        gateway: place.gateway,
        connection: place.connection,
      });
    },

    async claim(claim) {
      const reply = await runClaim(store, claim);
      if (typeof reply === "string" && isClaimFault(reply)) return { ok: false, fault: reply };
      const [entry, resumed, metadataChanged] = listOf(reply);
      return {
        ok: true,
        value: {
          entry: decodeEntry(textOf(entry) ?? ""),
          resumed: resumed === 1,
          metadataChanged: metadataChanged === 1,
        },
      };
    },

    async reclaim(where, entry) {
      const keys = store.keys.conversation(where.address);
      const held = `${keys.heldPrefix}${entry.gateway}`;
      const reply = textOf(
        await store.run(
          reclaim,
          [keys.record, keys.roster, keys.joined, keys.departed, held],
          [
            ...announcing(store, where, keys),
            where.conversationId,
            entry.stream_name,
            encodeEntry(entry),
          ],
        ),
      );
      if (reply !== null && isReclaimFault(reply)) return { ok: false, fault: reply };
      return { ok: true, value: decodeEntry(reply ?? "") };
    },

    leave: (where, stream, last) => leaveStream(store, where, stream, last, null),

    async setStreamMetadata(where, stream, metadata, n) {
      const { roster } = store.keys.conversation(where.address);
      const args = [stream.stream_name, stream.connection, literal(metadata), n];
      await store.run(setStreamMetadata, [roster], args);
    },

    async roster(where) {
      return (await readRoster(store, where, "")) ?? [];
    },

    snapshot: (where, { mark, tails }) =>
      readRoster(store, where, encodeEvent({ kind: "mark", mark, tails }), tails),
  };
}

/** A place as the indexes name it: all that a sweeper knows. */
export type HeldPlace = {
  readonly account: Place["account_id"];
  readonly name: string;
  readonly gateway: GatewayId;
  readonly connection: string;
};

export async function releasePlace(store: Store, place: HeldPlace): Promise<void> {
  const { places, heldPrefix } = store.keys.account(place.account);
  const keys = [places, `${heldPrefix}${place.gateway}`];
  await store.run(release, keys, [place.account, place.name, place.gateway, place.connection]);
}

/** `sweptGateway`: only if that gateway still holds it, and forget it there in any case. */
export async function leaveStream(
  store: Store,
  where: Where,
  stream: Pick<RosterEntry, "stream_name" | "connection">,
  last: { readonly n: number | null; readonly ts: string },
  sweptGateway: GatewayId | null,
): Promise<boolean> {
  const keys = store.keys.conversation(where.address);
  const n = last.n === null ? "null" : last.n;
  const ends = [sweptGateway ?? "", DEPARTED_MAX, DEPARTED_TTL_S];
  const named = announcing(store, where, keys);
  const args = [...named, stream.stream_name, stream.connection, n, last.ts, ...ends];
  return (await store.run(leave, [keys.record, keys.roster, keys.departed], args)) === 1;
}

function runClaim(store: Store, claim: Claim): Promise<unknown> {
  const keys = store.keys.conversation(claim.where.address);
  const { record, links, roster, joined, departed, heldPrefix } = keys;
  const held = `${heldPrefix}${claim.gateway}`;
  return store.run(
    claimScript,
    [record, links, roster, joined, departed, held],
    [
      ...announcing(store, claim.where, keys),
      claim.where.conversationId,
      claim.stream_id,
      claim.stream_name,
      claim.owner_account_id,
      claim.joined_at,
      claim.gateway,
      claim.connection,
      claim.link,
      claim.subscribersMax,
      claim.metadata === null ? "" : literal(claim.metadata),
      claim.peer_identity === null ? "null" : literal(claim.peer_identity),
    ],
  );
}

async function readRoster(store: Store, where: Where, event: string, tails = false) {
  const { record, roster } = store.keys.conversation(where.address);
  const channel = store.keys.channels.conversation(where);
  const args = [store.publish, channel, where.conversationId, event, tails ? 1 : 0];
  const reply = await store.run(snapshot, [record, roster], args);
  return reply === null ? null : textsOf(reply).map(decodeEntry);
}

/** The first arguments of every script that announces: how, where, the index, and how that names the conversation. */
export function announcing(
  store: Store,
  where: Where,
  { channelPrefix, heldPrefix }: ConversationKeys,
): readonly string[] {
  const { address, conversationId } = where;
  const { namespace, alias } = address;
  const named = JSON.stringify({ address: { namespace, alias }, conversationId });
  return [store.publish, `${channelPrefix}${conversationId}`, heldPrefix, named];
}

function placeParts(store: Store, place: Place) {
  const keys = store.keys.account(place.account_id);
  return {
    ...keys,
    account: place.account_id,
    name: `${place.conversation_id}/${place.stream_id}`,
    held: `${keys.heldPrefix}${place.gateway}`,
  };
}

/** JSON text as a string within other JSON. */
function literal(json: JsonText): string {
  return JSON.stringify(json);
}

function isReclaimFault(text: string): text is ReclaimFault {
  return Object.hasOwn(RECLAIM_FAULTS, text);
}

function isClaimFault(text: string): text is ClaimFault {
  return Object.hasOwn(CLAIM_FAULTS, text);
}
