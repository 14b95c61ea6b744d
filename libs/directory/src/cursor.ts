/**
 * The order of a listing, and the cursor that continues it: oldest first, by one text for each
 * conversation.
 */
import { type Alias, type ConversationId, isAlias, isConversationId } from "@ams/protocol";
import type { Conversation } from "./records.ts";

export type ListPosition = {
  readonly created_at: string;
  readonly conversation_id: ConversationId;
  readonly alias: Alias;
};

const CREATED_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Text whose order by bytes is the order of the listing. */
export function listingOf(conversation: Conversation): string {
  const { created_at, conversation_id, alias } = conversation;
  return `${created_at} ${conversation_id} ${alias}`;
}

/** The fields of a listing text, or null when it isn't one. */
export function parseListing(text: string): ListPosition | null {
  const [created_at = "", conversation_id = "", alias = "", ...rest] = text.split(" ");
  if (rest.length > 0 || !CREATED_AT.test(created_at)) return null;
  if (!isConversationId(conversation_id) || !isAlias(alias)) return null;
  return { created_at, conversation_id, alias };
}

export function encodeCursor(listing: string): string {
  return Buffer.from(listing).toString("base64url");
}

/** The listing text that a cursor was made from, or null when none was. */
export function decodeCursor(cursor: string): string | null {
  const listing = Buffer.from(cursor, "base64url").toString();
  return parseListing(listing) !== null && encodeCursor(listing) === cursor ? listing : null;
}
