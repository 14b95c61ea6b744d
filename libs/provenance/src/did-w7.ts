/** did:w7: names in one registry, compared as they are written. */
import { DID_BYTES_MAX } from "./did.ts";

const PREFIX = "did:w7:";
const SEGMENT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PINNED = /^([^@]*)@sha256:[0-9a-f]{64}$/;
const SEGMENTS_MAX = 3;

/**
 * 1 to 3 segments after `did:w7:`, parted by `/`. The last one under `model/` may be pinned to a
 * digest. `did:w7:a/b` and `did:w7:a/c` are two identities.
 */
export function isDidW7(text: string): boolean {
  if (text.length > DID_BYTES_MAX || !text.startsWith(PREFIX)) return false;
  const segments = text.slice(PREFIX.length).split("/");
  if (segments.length > SEGMENTS_MAX) return false;
  const last = segments.length - 1;
  return segments.every((segment, index) => {
    const canBePinned = segments[0] === "model" && index === last && index > 0;
    const name = canBePinned ? (PINNED.exec(segment)?.[1] ?? segment) : segment;
    return SEGMENT.test(name);
  });
}

/** The spelling without a path, for `alsoKnownAs`: `did:w7:skill:a` of `did:w7:skill/a`. */
export function didW7Alias(did: string): string {
  return did.replaceAll("/", ":").replaceAll("@sha256:", ":sha256:");
}
