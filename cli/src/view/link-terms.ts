/** What a link is limited to, as JSON and in words. */
import type { LinkTerms } from "@ams/client";
import { harmless } from "../terminal/harmless.ts";

export function termsJson({ name, readOnly, streamName, expiresAt, maxJoins }: LinkTerms) {
  return {
    name,
    read_only: readOnly,
    stream_name: streamName,
    expires_at: expiresAt,
    max_joins: maxJoins,
  };
}

export function termsOf(link: LinkTerms): string {
  const { name, readOnly, streamName, expiresAt, maxJoins } = link;
  const terms = [
    name === null ? "" : `"${harmless(name)}"`,
    readOnly ? "read-only" : "",
    streamName === null ? "" : `only as ${harmless(streamName)}`,
    expiresAt === null ? "" : `until ${harmless(expiresAt)}`,
    maxJoins === null ? "" : `at most ${maxJoins} streams`,
  ].filter((term) => term !== "");
  return terms.length === 0 ? "no limits" : terms.join(", ");
}
