/**
 * How a roster entry lies in Redis: JSON whose last two members are `peer_identity` and `metadata`,
 * because the scripts take it apart there (scripts/script.ts). Only `encodeEntry` and the scripts
 * write one.
 */
import type { RosterEntry } from "../records.ts";
import { shareTexts } from "../shared-texts.ts";

export function encodeEntry(entry: RosterEntry): string {
  const { stream_id, stream_name, owner_account_id, joined_at, epoch, metadata_n } = entry;
  const { gateway, connection, link, peer_identity, metadata } = entry;
  const head = { stream_id, stream_name, owner_account_id, joined_at, epoch, metadata_n };
  const { metadata_ms } = entry;
  return JSON.stringify({
    ...head,
    metadata_ms,
    gateway,
    connection,
    link,
    peer_identity,
    metadata,
  });
}

export function decodeEntry(text: string): RosterEntry {
  return shareTexts(JSON.parse(text));
}
