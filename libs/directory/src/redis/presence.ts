/**
 * Who is here, on Redis: each step on a conversation is one script in its slot, each step on an
 * account one in its own.
 */

import type { JsonText } from "@ams/protocol";
import { listOf, textOf, textsOf } from "@ams/store";
import type {
  Claim,
  ClaimFault,
  Presence,
  QuotaSlot,
  QuotaSlotFault,
  ReclaimFault,
  Where,
} from "../directory.ts";
import { encodeEvent } from "../events.ts";
import { DEPARTED_MAX, type GatewayId, type RosterEntry } from "../records.ts";
import type { Outbox } from "../webhooks.ts";
import { endCredentials } from "./credentials.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import { heldWhere } from "./held.ts";
import { DEPARTED_TTL_S } from "./keys.ts";
import { claim as claimScript } from "./scripts/claim.ts";
import { leave } from "./scripts/leave.ts";
import { keepSlot, release, reserve } from "./scripts/quota-slots.ts";
import { reclaim } from "./scripts/reclaim.ts";
import { setStreamMetadata } from "./scripts/set-stream-metadata.ts";
import { snapshot } from "./scripts/snapshot.ts";
import { type Store, unindex } from "./store.ts";

const CLAIM_FAULTS = {
  conversation_not_found: true,
  invalid_magic_link: true,
  stream_name_conflict: true,
  conversation_subscriber_limit: true,
} as const satisfies Record<ClaimFault, true>;

const SLOT_FAULTS = {
  account_concurrency_limit: true,
  invalid_credential: true,
  insufficient_scope: true,
  conversation_not_found: true,
} as const satisfies Record<QuotaSlotFault, true>;

const RECLAIM_FAULTS = {
  conversation_not_found: true,
  displaced: true,
  claim_forgotten: true,
} as const satisfies Record<ReclaimFault, true>;

export function redisPresence(
  store: Store,
  { reportLimit }: Pick<Outbox, "reportLimit">,
): Presence {
  return {
    async reserve(slot, { credential, slotsMax }) {
      const {
        record,
        credentials,
        keys: owned,
        counted,
        limit,
        holder,
        held,
      } = keysAndArgs(store, slot);
      const keys = [record, credentials, owned, counted, held];
      const terms = [credential ?? "", store.now(), limit, slotsMax];
      const [status, endsMs, ended] = listOf(await store.run(reserve, keys, [...holder, ...terms]));
      const reply = textOf(status);
      await endCredentials(store, slot.account_id, textsOf(ended), []);
      if (reply === "gone") {
        const fault = slot.kind === "guest" ? "conversation_not_found" : "invalid_credential";
        return { ok: false, fault };
      }
      if (reply === "account_concurrency_limit") await reportLimit(slot.account_id, limit, null);
      if (reply !== null && isSlotFault(reply)) return { ok: false, fault: reply };
      const credentialEndsMs = Number(endsMs) || null;
      return { ok: true, value: { shared: reply === "shared", credentialEndsMs } };
    },

    async keepSlot(slot) {
      const { record, counted, heldPrefix, holder, held } = keysAndArgs(store, slot);
      const indexed = await store.run(keepSlot, [record, counted, held], holder);
      await unindex(store, heldPrefix, textsOf(indexed));
    },

    release: (slot) => releaseSlot(store, slot),

    async claim(claim) {
      const reply = await runClaim(store, claim);
      if (typeof reply === "string" && isClaimFault(reply)) return { ok: false, fault: reply };
      const [entry, resumed, metadataChanged, indexed] = listOf(reply);
      const { heldPrefix } = store.keys.conversation(claim.where.address);
      await unindex(store, heldPrefix, textsOf(indexed));
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
      const reply = await store.run(
        reclaim,
        [...joining(store, where), held, keys.outboxes, keys.outbox],
        [...announcing(store, where), where.generation, entry.stream_name, encodeEntry(entry)],
      );
      if (typeof reply === "string" && isReclaimFault(reply)) return { ok: false, fault: reply };
      const [back, indexed] = listOf(reply);
      await unindex(store, keys.heldPrefix, textsOf(indexed));
      return { ok: true, value: decodeEntry(textOf(back) ?? "") };
    },

    leave: (where, stream, last) => leaveStream(store, where, stream, last, null),

    async setStreamMetadata(where, stream, metadata, n, ms) {
      const { roster } = store.keys.conversation(where.address);
      const args = [stream.stream_name, stream.connection, literal(metadata), n, ms];
      await store.run(setStreamMetadata, [roster], args);
    },

    async roster(where) {
      return (await readRoster(store, where, "")) ?? [];
    },

    snapshot: (where, { mark, tails }) =>
      readRoster(store, where, encodeEvent({ kind: "mark", mark, tails }), tails),
  };
}

export async function releaseSlot(store: Store, slot: QuotaSlot): Promise<void> {
  const { counted, holder, held } = keysAndArgs(store, slot);
  await store.run(release, [counted, held], holder);
}

/** The gateway's id as the caller knows it, which may be another one in the roster by now. */
type LeavingStream = Pick<RosterEntry, "stream_name" | "connection"> & {
  readonly gateway?: GatewayId;
};

/** `sweptGateway`: only if that gateway still holds it, and forget it there in any case. */
export async function leaveStream(
  store: Store,
  where: Where,
  stream: LeavingStream,
  last: { readonly n: number | null; readonly ts: string },
  sweptGateway: GatewayId | null,
): Promise<boolean> {
  const at = store.keys.conversation(where.address);
  const { record, roster, departed, heldPrefix, outboxes, outbox } = at;
  const n = last.n === null ? "null" : last.n;
  const ends = [sweptGateway ?? "", DEPARTED_MAX, DEPARTED_TTL_S];
  const named = announcing(store, where);
  const args = [...named, stream.stream_name, stream.connection, n, last.ts, ...ends];
  const gateway = sweptGateway ?? stream.gateway ?? "";
  const keys = [record, roster, departed, `${heldPrefix}${gateway}`, outboxes, outbox];
  const reply = await store.run(leave, keys, args);
  if (!Array.isArray(reply)) return false;
  const indexed = textsOf(reply);
  if (indexed[0] !== gateway) await unindex(store, heldPrefix, indexed);
  return true;
}

function runClaim(store: Store, claim: Claim): Promise<unknown> {
  const { heldPrefix, outboxes, outbox } = store.keys.conversation(claim.where.address);
  const held = `${heldPrefix}${claim.gateway}`;
  return store.run(
    claimScript,
    [...joining(store, claim.where), held, outboxes, outbox],
    [
      ...announcing(store, claim.where),
      claim.where.generation,
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

/** The first keys of the scripts that put a stream into a roster. */
function joining(store: Store, { address }: Where): readonly string[] {
  const { record, links, uses, roster, joined, departed } = store.keys.conversation(address);
  return [record, links, uses, roster, joined, departed];
}

async function readRoster(store: Store, where: Where, event: string, tails = false) {
  const { record, roster } = store.keys.conversation(where.address);
  const channel = store.keys.channels.conversation(where);
  const args = [store.publish, channel, where.generation, event, tails ? 1 : 0];
  const reply = await store.run(snapshot, [record, roster], args);
  return reply === null ? null : textsOf(reply).map(decodeEntry);
}

/**
 * The first arguments of every script that announces: how, where, and how indexes name the
 * conversation.
 */
function announcing(store: Store, where: Where): readonly string[] {
  return [store.publish, store.keys.channels.conversation(where), heldWhere(where)];
}

function keysAndArgs(store: Store, slot: QuotaSlot) {
  const { kind, account_id, conversation_id, stream_id, gateway, connection } = slot;
  const keys = store.keys.account(account_id);
  return {
    ...keys,
    /** The hash that counts quota slots of this kind, and the field of the account's own limit. */
    counted: kind === "guest" ? keys.guests : keys.slots,
    limit: kind === "guest" ? "guests_max" : "streams_max",
    /** The first arguments of every script on quota slots. */
    holder: [kind, account_id, `${conversation_id}/${stream_id}`, gateway, connection],
    held: `${keys.heldPrefix}${gateway}`,
  };
}

/** JSON text as a string within other JSON. */
function literal(json: JsonText): string {
  return JSON.stringify(json);
}

function isReclaimFault(text: string): text is ReclaimFault {
  return Object.hasOwn(RECLAIM_FAULTS, text);
}

function isSlotFault(reply: string): reply is QuotaSlotFault {
  return Object.hasOwn(SLOT_FAULTS, reply);
}

function isClaimFault(text: string): text is ClaimFault {
  return Object.hasOwn(CLAIM_FAULTS, text);
}
