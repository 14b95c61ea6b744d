/** Restores a magic link that a mail program, a chat or a copy by hand has damaged. */
import { linkAt } from "./routes.ts";

/** 43 characters of base64url (§1.6), with what a sentence around the link left on them. */
const TOKEN = /^[^\w-]*([\w-]{43})(?:[^\w-].*)?$/s;

/** A character that follows a link in a sentence, and is no part of one. */
const TRAILING = /[\s.,;:!?)\]}>'"*/\\]/;

/** Characters of a path, and of a token, that are read: a link has about 200, and what is left on
 * it is short.
 */
const READ_CHARACTERS_MAX = 2_048;

/**
 * Path and query of the link that this one must have been; null when nothing about it can be
 * repaired, or needs to be.
 */
export function repair({ pathname, searchParams }: URL): string | null {
  if (pathname.length > READ_CHARACTERS_MAX) return null;
  const path = repairPath(pathname);
  if (linkAt(path) === null) return null;
  const given = searchParams.get("t");
  const damaged = given ?? searchParams.get("amp;t") ?? "";
  if (damaged.length > READ_CHARACTERS_MAX) return null;
  const token = repairToken(damaged);
  if (path === pathname && token === (given ?? "")) return null;
  return token === "" ? path : `${path}?t=${encodeURIComponent(token)}`;
}

/** Names are lower case, and no segment is empty (§1.1). */
function repairPath(path: string): string {
  const joined = decode(path)
    .toLowerCase()
    .replace(/[/\\]+/g, "/");
  let end = joined.length;
  while (end > 0 && TRAILING.test(joined.charAt(end - 1))) end -= 1;
  return joined.slice(0, end);
}

function repairToken(token: string): string {
  const [, whole = token] = TOKEN.exec(token) ?? [];
  return whole;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
