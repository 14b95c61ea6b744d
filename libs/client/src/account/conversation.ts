/** Conversations as the control plane describes them (§2.3–§2.5). */

import {
  type Fields,
  fieldsOf,
  listAt,
  numberAt,
  objectAt,
  textAt,
  textOrNullAt,
} from "../fields.ts";
import type { Metadata, Peer } from "../listening/events.ts";
import { peer } from "../listening/frames.ts";
import { type LinkTerms, readTerms } from "./link.ts";

export type Conversation = {
  readonly conversationId: string;
  readonly namespace: string;
  readonly alias: string;
  /** `ulid`, or `jcs-sha256` for conversations minted by a canonical input. */
  readonly idKind: string;
  /** Given at the mint; it never changes. */
  readonly metadata: Metadata;
  /**
   * For how many seconds, and up to how many bytes, later readers can catch up; null when nothing
   * is kept for them.
   */
  readonly replay: { readonly ttlS: number; readonly maxBytes: number } | null;
  /** ISO 8601, or null when its links don't expire. */
  readonly expiresAt: string | null;
  readonly createdAt: string;
};

/** A conversation that was just minted. */
export type Minted = Conversation & {
  /** Who has it may join. It is shown here and never again, so keep it; and keep it out of logs. */
  readonly magicLink: string;
  /** The id that the minting account gets on joining as `streamName`. */
  readonly streamId: string;
  readonly streamName: string;
  readonly streamMetadata: Metadata;
};

/** A conversation with its live streams. */
export type Inspected = Conversation & {
  /** What the link is limited to by which it was inspected (§2.7.9); null by its alias. */
  readonly link: LinkTerms | null;
  readonly streams: readonly (Peer & { readonly joinedAt: string })[];
};

export function readConversation(fields: Fields): Conversation {
  return {
    conversationId: textAt(fields, "conversation_id"),
    namespace: textAt(fields, "namespace"),
    alias: textAt(fields, "alias"),
    idKind: textAt(fields, "id_kind"),
    metadata: objectAt(fields, "metadata"),
    replay: readReplay(fields),
    expiresAt: textOrNullAt(fields, "expires_at"),
    createdAt: textAt(fields, "created_at"),
  };
}

function readReplay({ replay }: Fields): Conversation["replay"] {
  if (replay === null || replay === undefined) return null;
  const kept = fieldsOf(replay);
  return { ttlS: numberAt(kept, "ttl_s"), maxBytes: numberAt(kept, "max_bytes") };
}

export function readMinted(fields: Fields): Minted {
  return {
    ...readConversation(fields),
    magicLink: textAt(fields, "magic_link"),
    streamId: textAt(fields, "stream_id"),
    streamName: textAt(fields, "stream_name"),
    streamMetadata: objectAt(fields, "stream_metadata"),
  };
}

export function readInspected(fields: Fields): Inspected {
  const streams = listAt(fields, "streams").map((item) => {
    const stream = fieldsOf(item);
    return { ...peer(stream), joinedAt: textAt(stream, "joined_at") };
  });
  const link = (fields.link ?? null) === null ? null : readTerms(fieldsOf(fields.link));
  return { ...readConversation(fields), link, streams };
}
