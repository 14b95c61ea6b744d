/**
 * Where and how to connect: the link's address with its wishes as query parameters, and who we are
 * as subprotocols (§3.2).
 */
import {
  METADATA_HEADER_BYTES_MAX,
  SUBPROTOCOL,
  SUBPROTOCOL_BEARER_PREFIX,
  SUBPROTOCOL_GUEST,
  utf8Bytes,
} from "@ams/protocol";
import type { Metadata, PeerIdentity } from "../listening/events.ts";

export type Wishes = {
  readonly connectUrl: string;
  /** Undefined is a guest. */
  readonly credential?: string | undefined;
  /** Undefined lets the broker generate one. */
  readonly streamName?: string | undefined;
  /** Undefined leaves it as the stream has it. */
  readonly streamMetadata?: Metadata | undefined;
  readonly peerIdentity?: PeerIdentity | undefined;
  readonly selfSubscribe?: boolean | undefined;
  /** Undefined is every stream. */
  readonly subscribeStreams?: readonly string[] | undefined;
  readonly receipts?: boolean | undefined;
  readonly roster?: "summary" | undefined;
  /** A cursor, or an age such as `10m`. */
  readonly since?: string | undefined;
  readonly last?: number | undefined;
  readonly catchUp?: "frames" | "assembled" | "log" | undefined;
};

export type Address = { readonly url: string; readonly protocols: readonly string[] };

/** The same form everywhere, as browsers can't set headers. */
export function addressOf(wishes: Wishes): Address {
  const url = new URL(wishes.connectUrl);
  const ask = (wish: string, value: string | false | undefined) => {
    if (value) url.searchParams.set(wish, value);
  };
  const { credential, streamMetadata } = wishes;
  ask("stream_name", wishes.streamName);
  ask("stream_metadata", fitsAddress(streamMetadata) && base64url(streamMetadata));
  ask("peer_identity", wishes.peerIdentity && base64url(wishes.peerIdentity));
  ask("self_subscribe", wishes.selfSubscribe && "true");
  ask("subscribe_streams", wishes.subscribeStreams?.join(","));
  ask("since", wishes.since);
  ask("last_n", wishes.since === undefined && wishes.last?.toString());
  ask("catch_up", wishes.catchUp);
  ask("roster", wishes.roster);
  ask("receipts", wishes.receipts && "true");
  const who = credential === undefined ? SUBPROTOCOL_GUEST : SUBPROTOCOL_BEARER_PREFIX + credential;
  return { url: url.href, protocols: [SUBPROTOCOL, who] };
}

/** False for metadata that is too large for an address, and so has to follow in a frame. */
export function fitsAddress(metadata: Metadata | undefined): metadata is Metadata {
  return metadata !== undefined && utf8Bytes(JSON.stringify(metadata)) <= METADATA_HEADER_BYTES_MAX;
}

function base64url(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary)
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/={1,2}$/, "");
}
