/** Magic links of a conversation as its owner sees them (§2.7.5, §2.7.6). */
import { type Fields, fieldsOf, listAt, numberAt, textAt, textOrNullAt } from "../fields.ts";

/** What a magic link is limited to; null is no limit. */
export type LinkTerms = {
  readonly name: string | null;
  /** Whoever joins by it emits nothing. */
  readonly readOnly: boolean;
  /** The only stream name under which it admits. */
  readonly streamName: string | null;
  /** ISO 8601. */
  readonly expiresAt: string | null;
  /** How many different streams may join by it, ever. */
  readonly maxJoins: number | null;
};

/** A magic link without its token. */
export type Link = LinkTerms & {
  readonly linkId: string;
  /** ISO 8601; null for a link that came with a mint. */
  readonly createdAt: string | null;
};

/** A link that was just made: the link itself is shown here and never again. */
export type CreatedLink = Link & { readonly magicLink: string };

export type ListedLink = Link & {
  /** Streams that count against `maxJoins`; null without it. */
  readonly joins: number | null;
  /** Connects that it admitted. */
  readonly uses: number;
  /** ISO 8601, null before any. */
  readonly lastUsedAt: string | null;
};

export function readCreatedLink(fields: Fields): CreatedLink {
  return { ...readLink(fields), magicLink: textAt(fields, "magic_link") };
}

export function readLinks(fields: Fields): readonly ListedLink[] {
  return listAt(fields, "links").map((item) => {
    const link = fieldsOf(item);
    return {
      ...readLink(link),
      joins: numberOrNullAt(link, "joins"),
      uses: numberAt(link, "uses"),
      lastUsedAt: textOrNullAt(link, "last_used_at"),
    };
  });
}

function readLink(fields: Fields): Link {
  return {
    ...readTerms(fields),
    linkId: textAt(fields, "link_id"),
    createdAt: textOrNullAt(fields, "created_at"),
  };
}

export function readTerms(fields: Fields): LinkTerms {
  return {
    name: textOrNullAt(fields, "name"),
    readOnly: fields.read_only === true,
    streamName: textOrNullAt(fields, "stream_name"),
    expiresAt: textOrNullAt(fields, "expires_at"),
    maxJoins: numberOrNullAt(fields, "max_joins"),
  };
}

/** Null where it is absent or null. */
export function numberOrNullAt(fields: Fields, name: string): number | null {
  return (fields[name] ?? null) === null ? null : numberAt(fields, name);
}
