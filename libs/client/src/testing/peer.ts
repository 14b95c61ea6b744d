/** What a broker says of one peer, as frames, in tests of what a subscriber receives. */
import type { AmsEvent } from "../listening/events.ts";
import { named, PEER_ID, TS } from "./fake-broker.ts";

export const OTHER_ID = `str_${"2".repeat(26)}`;

/** Metadata by which older writers end a turn. */
export const END = { "ams.convention.v1": "end_of_turn" };

export function came(streamName = "peer", id = PEER_ID) {
  return { type: "stream_joined", ...named(streamName, id), metadata: {}, ts: TS };
}

export function said(seq: string, metadata: object) {
  return { type: "stream_metadata", ...named("peer"), metadata, ts: TS, seq };
}

/** `seq` is the stream's last, where the broker knows it. */
export function left(seq?: string) {
  return { type: "stream_left", ...named("peer"), ts: TS, ...(seq === undefined ? {} : { seq }) };
}

export function types(events: readonly AmsEvent[]): readonly string[] {
  return events.map((event) => event.type);
}
