/**
 * What is announced on a conversation's channel. The directory announces each change of a roster in
 * the same atomic step that makes it, so the order on the channel is the order in which the changes
 * happened: a gateway that applies the events of a channel one after the other holds the true
 * roster (ADR 2).
 *
 * An event is JSON text; the batches of frames that gateways put on the same channel begin with a
 * byte that is no `{`.
 */
import { type AccountId, isNoticeLevel, isNoticeText, type StreamId } from "@ams/protocol";
import type { CredentialEnd, Notice } from "./directory.ts";
import type { ConnectionId, GatewayId, RosterEntry } from "./records.ts";
import { shareTexts } from "./shared-texts.ts";

/** Announced by the directory. */
export type RosterEvent =
  /**
   * A stream is held by a new connection. `displaced` is the connection that held it until now, if
   * one did.
   */
  | {
      readonly kind: "claimed";
      readonly entry: RosterEntry;
      readonly displaced: {
        readonly gateway: string;
        readonly connection: ConnectionId;
        readonly epoch: number;
      } | null;
    }
  /** A stream has left. `n` is its last, null when nobody alive knows it. */
  | {
      readonly kind: "left";
      readonly stream_id: StreamId;
      readonly epoch: number;
      readonly n: number | null;
      /** UTC ISO 8601 with milliseconds. */
      readonly ts: string;
    }
  /**
   * The position on the channel at which a snapshot was taken. `tails`: holders of streams, say how
   * far you have emitted.
   */
  | { readonly kind: "mark"; readonly mark: string; readonly tails: boolean }
  /** Links up to this number have ended, and so do the sockets that they admitted. */
  | { readonly kind: "links_revoked"; readonly up_to: number }
  /** These links were revoked one by one, and so end the sockets that they admitted. */
  | { readonly kind: "link_revoked"; readonly links: readonly number[] }
  /** The conversation is no more. */
  | { readonly kind: "closed" };

/** Announced by one gateway to the others. */
export type GatewayEvent =
  /**
   * The displaced connection has sent its last frame, `n` (null when it sent none that is known).
   */
  | {
      readonly kind: "yielded";
      readonly stream_id: StreamId;
      readonly epoch: number;
      readonly n: number | null;
      /** The time of the last frame, so that time doesn't run backwards in the stream. */
      readonly ts: string | null;
    }
  /** The stream has emitted up to `n`: a reader that has received less has lost frames. */
  | {
      readonly kind: "tail";
      readonly stream_id: StreamId;
      readonly epoch: number;
      readonly n: number;
    };

/** Announced by the log of a conversation with replay, at its position among the batches (§7.5). */
export type LogEvent = {
  readonly kind: "kept";
  /** The last batch that was kept: the time of its append in Unix ms, and its number in it. */
  readonly ms: number;
  readonly seq: number;
  /** Batches that were ever kept. */
  readonly added: number;
};

export type ChannelEvent = RosterEvent | GatewayEvent | LogEvent;

/** Announced to every gateway, on the deployment's own channel. */
export type DeploymentEvent =
  | { readonly kind: "account_deleted"; readonly account_id: AccountId }
  /** The suspension of the account has begun or ended: `suspendedAccounts` has all. */
  | { readonly kind: "suspensions"; readonly account_id: AccountId }
  /** An operator asks this gateway to drain. */
  | { readonly kind: "drain"; readonly gateway: GatewayId }
  /**
   * Credentials of the account end, at once or at a time. A later event never puts an end off, so
   * their order is free.
   */
  | {
      readonly kind: "credentials_end";
      readonly account_id: AccountId;
      readonly ends: readonly CredentialEnd[];
    }
  /** The account is under another plan, or has other limits of its own. */
  | { readonly kind: "limits_changed"; readonly account_id: AccountId }
  /** A plan was made, changed or removed. */
  | { readonly kind: "plans_changed" }
  | ({ readonly kind: "notice" } & Notice)
  /** What a gateway has let pass of accounts with limited rates since it last said so. */
  | {
      readonly kind: "rates_used";
      /** The process that counted, and hears its own. */
      readonly from: string;
      readonly used: readonly RatesUsed[];
    };

/** Account, frames, bytes, deliveries. */
export type RatesUsed = readonly [AccountId, number, number, number];

export function encodeEvent(event: ChannelEvent | DeploymentEvent): string {
  return JSON.stringify(event);
}

/**
 * Bytes of an event. The largest is a claim: metadata of 16 KiB and an identity of 1 KiB, each
 * written as JSON text within JSON, where a byte takes six at most.
 */
export const EVENT_BYTES_MAX = 131_072;

/** Characters of an id, a name or a time. */
const TEXT_LENGTH_MAX = 256;

/**
 * The event, or null when the payload is none of this version: whoever else writes to Redis must
 * not end a gateway.
 */
export function decodeEvent(payload: Buffer | string): ChannelEvent | null {
  const event = parse(payload);
  if (!isChannelEvent(event)) return null;
  return event.kind === "claimed" ? { ...event, entry: shareTexts(event.entry) } : event;
}

export function decodeDeploymentEvent(payload: Buffer | string): DeploymentEvent | null {
  const event = parse(payload);
  return isDeploymentEvent(event) ? event : null;
}

function parse(payload: Buffer | string): unknown {
  if (payload.length > EVENT_BYTES_MAX) return null;
  try {
    return JSON.parse(payload.toString());
  } catch {
    return null;
  }
}

function isDeploymentEvent(event: unknown): event is DeploymentEvent {
  if (!isObject(event)) return false;
  if (event.kind === "plans_changed") return true;
  if (event.kind === "drain") return isText(event.gateway);
  if (event.kind === "rates_used") {
    return isText(event.from) && Array.isArray(event.used) && event.used.every(isRatesUsed);
  }
  if (event.kind === "notice") return isNotice(event);
  if (!isText(event.account_id)) return false;
  switch (event.kind) {
    case "account_deleted":
    case "limits_changed":
    case "suspensions":
      return true;
    case "credentials_end":
      return Array.isArray(event.ends) && event.ends.every(isEnd);
    default:
      return false;
  }
}

function isRatesUsed(used: unknown): boolean {
  if (!Array.isArray(used) || used.length !== 4) return false;
  return isText(used[0]) && used.slice(1).every(isCount);
}

function isNotice({ account_id, level, text }: Readonly<Record<string, unknown>>): boolean {
  if (account_id !== null && !isText(account_id)) return false;
  return isNoticeLevel(level) && isNoticeText(text);
}

function isEnd(end: unknown): boolean {
  return isObject(end) && isText(end.credential) && isCountOrNull(end.at_ms);
}

function isChannelEvent(event: unknown): event is ChannelEvent {
  if (!isObject(event)) return false;
  switch (event.kind) {
    case "claimed":
      return isEntry(event.entry) && (event.displaced === null || isDisplaced(event.displaced));
    case "left":
      return isClaim(event) && isCountOrNull(event.n) && isTime(event.ts);
    case "mark":
      return isText(event.mark) && typeof event.tails === "boolean";
    case "links_revoked":
      return isCount(event.up_to);
    case "link_revoked":
      return Array.isArray(event.links) && event.links.length > 0 && event.links.every(isCount);
    case "closed":
      return true;
    case "yielded":
      return isClaim(event) && isCountOrNull(event.n) && (event.ts === null || isTime(event.ts));
    case "tail":
      return isClaim(event) && isCount(event.n);
    case "kept":
      return isCount(event.ms) && isCount(event.seq) && isCount(event.added);
    default:
      return false;
  }
}

function isEntry(entry: unknown): boolean {
  if (!isObject(entry) || !isClaim(entry)) return false;
  const { stream_name, owner_account_id, gateway, connection, peer_identity } = entry;
  return (
    [stream_name, owner_account_id, gateway, connection].every(isText) &&
    isTime(entry.joined_at) &&
    isCount(entry.metadata_n) &&
    (entry.metadata_ms === undefined || isCount(entry.metadata_ms)) &&
    isCount(entry.link) &&
    typeof entry.metadata === "string" &&
    (peer_identity === null || typeof peer_identity === "string")
  );
}

function isDisplaced(displaced: unknown): boolean {
  if (!isObject(displaced)) return false;
  return isText(displaced.gateway) && isText(displaced.connection) && isCount(displaced.epoch);
}

function isClaim(event: Readonly<Record<string, unknown>>): boolean {
  return isText(event.stream_id) && isCount(event.epoch);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= TEXT_LENGTH_MAX;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCountOrNull(value: unknown): boolean {
  return value === null || isCount(value);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && isText(value) && Number.isFinite(Date.parse(value));
}
