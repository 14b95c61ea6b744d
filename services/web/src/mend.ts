/** A magic link as it was before a mail program, a chat or a hand changed it on its way to a browser. */
import { linkAt } from "./routes.ts";

/** 43 characters of base64url (§1.6), with what a sentence around the link left hanging on them. */
const TOKEN = /^[^\w-]*([\w-]{43})(?:[^\w-].*)?$/s;

/** What stands after a link in a sentence, and is no part of one. */
const TRAILING = /[\s.,;:!?)\]}>'"*/\\]+$/;

/** Path and query of the link that this one must have been; null when nothing about it can be mended, or needs to be. */
export function mend({ pathname, searchParams }: URL): string | null {
  const path = mendPath(pathname);
  if (linkAt(path) === null) return null;
  const given = searchParams.get("t");
  const token = mendToken(given ?? searchParams.get("amp;t") ?? "");
  if (path === pathname && token === (given ?? "")) return null;
  return token === "" ? path : `${path}?t=${encodeURIComponent(token)}`;
}

/** Names are lower case, and no segment is empty (§1.1). */
function mendPath(path: string): string {
  return decode(path)
    .toLowerCase()
    .replace(/[/\\]+/g, "/")
    .replace(TRAILING, "");
}

function mendToken(token: string): string {
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
