/** Where and how to connect: the link's address with its wishes as query parameters, and who we are as subprotocols (§3.2). */
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
  /** Null is a guest. */
  readonly credential: string | null;
  /** Null lets the broker generate one. */
  readonly streamName: string | null;
  /** Null leaves it as the stream has it. */
  readonly streamMetadata: Metadata | null;
  readonly peerIdentity: PeerIdentity | null;
  readonly selfSubscribe: boolean;
  /** Null is every stream. */
  readonly subscribeStreams: readonly string[] | null;
  readonly receipts: boolean;
};

export type Address = { readonly url: string; readonly protocols: readonly string[] };

/** The same form everywhere, as browsers can't set headers. */
export function addressOf(wishes: Wishes): Address {
  const url = new URL(wishes.connectUrl);
  const ask = (wish: string, value: string | null) => {
    if (value !== null) url.searchParams.set(wish, value);
  };
  const { streamMetadata, peerIdentity, subscribeStreams } = wishes;
  ask("stream_name", wishes.streamName);
  ask("stream_metadata", fitsAddress(streamMetadata) ? base64url(streamMetadata) : null);
  ask("peer_identity", peerIdentity === null ? null : base64url(peerIdentity));
  ask("self_subscribe", wishes.selfSubscribe ? "true" : null);
  ask("subscribe_streams", subscribeStreams === null ? null : subscribeStreams.join(","));
  ask("receipts", wishes.receipts ? "true" : null);
  const { credential } = wishes;
  const who = credential === null ? SUBPROTOCOL_GUEST : SUBPROTOCOL_BEARER_PREFIX + credential;
  return { url: url.href, protocols: [SUBPROTOCOL, who] };
}

/** False for metadata that is too large for an address, and so has to follow in a frame. */
export function fitsAddress(metadata: Metadata | null): metadata is Metadata {
  return metadata !== null && utf8Bytes(JSON.stringify(metadata)) <= METADATA_HEADER_BYTES_MAX;
}

function base64url(value: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
