/**
 * What is announced on a conversation's channel. The directory announces each change of a roster in the same
 * atomic step that makes it, so the order on the channel is the order in which the changes happened: a gateway
 * that applies the events of a channel one after the other holds the true roster (ADR 2).
 *
 * An event is JSON text; the batches of frames that gateways put on the same channel begin with a byte
 * that is no `{`.
 */
import type { AccountId, StreamId } from "@ams/protocol";
import type { CredentialEnd } from "./directory.ts";
import type { ConnectionId, RosterEntry } from "./records.ts";
import { shareTexts } from "./shared-texts.ts";

/** Announced by the directory. */
export type RosterEvent =
  /** A stream is held by a new connection. `displaced` is the connection that held it until now, if one did. */
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
  /** The place on the channel at which a snapshot was taken. `tails`: holders of streams, say how far you have emitted. */
  | { readonly kind: "mark"; readonly mark: string; readonly tails: boolean }
  /** Links up to this number have ended, and so do the sockets that they admitted. */
  | { readonly kind: "links_revoked"; readonly up_to: number }
  /** The conversation is no more. */
  | { readonly kind: "closed" };

/** Announced by one gateway to the others. */
export type GatewayEvent =
  /** The displaced connection has sent its last frame, `n` (null when it sent none that is known). */
  | {
      readonly kind: "yielded";
      readonly stream_id: StreamId;
      readonly epoch: number;
      readonly n: number | null;
      /** The time of the last frame, so that time doesn't run backwards in the stream. */
      readonly ts: string | null;
    }
  /** The stream has emitted up to `n`: who has heard less has lost something. */
  | {
      readonly kind: "tail";
      readonly stream_id: StreamId;
      readonly epoch: number;
      readonly n: number;
    };

export type ChannelEvent = RosterEvent | GatewayEvent;

/** Announced to every gateway, on the deployment's own channel. */
export type DeploymentEvent =
  | { readonly kind: "account_deleted"; readonly account_id: AccountId }
  /** Credentials of the account end, at once or at a time. A later event never puts an end off, so their order is free. */
  | {
      readonly kind: "credentials_end";
      readonly account_id: AccountId;
      readonly ends: readonly CredentialEnd[];
    };

export function encodeEvent(event: ChannelEvent | DeploymentEvent): string {
  return JSON.stringify(event);
}

/** Events come from the directory and from gateways of the same deployment only, and are trusted as such. */
export function decodeEvent(text: string): ChannelEvent {
  const event: ChannelEvent = JSON.parse(text);
  return event.kind === "claimed" ? { ...event, entry: shareTexts(event.entry) } : event;
}

export function decodeDeploymentEvent(text: string): DeploymentEvent {
  return JSON.parse(text);
}
