/**
 * A magic link, as a caller gives it: taken apart, or refused in a sentence that says what is wrong
 * with it (§1.4).
 */
import { connectUrl, type MagicLink, parseMagicLink } from "@ams/protocol";
import { AmsError } from "../errors.ts";

export type Link = MagicLink & {
  /** The WebSocket address behind the link. It holds the link token: never show it. */
  readonly connectUrl: string;
};

export type LinkParts = {
  /**
   * Where the deployment is, as `createAccount` and `offer` take it; without a slash at its end.
   */
  readonly baseUrl: string;
  readonly namespace: string;
  readonly alias: string;
};

/**
 * Where a magic link leads, without its token; null for what is none (§1.4). Whether the token is
 * whole isn't looked at: `join` and `inspect` say when a link is cut off.
 *
 * @example
 * ```ts
 * import { parseLink } from "@ams/client";
 *
 * const link = parseLink("https://ams.example/demo/conversations/stand-up?t=…");
 * console.log(link?.baseUrl, link?.namespace, link?.alias); // https://ams.example demo stand-up
 * ```
 */
export function parseLink(magicLink: string): LinkParts | null {
  if (!URL.canParse(magicLink)) return null;
  const url = new URL(magicLink);
  url.searchParams.set("t", "A".repeat(43)); // In place of its own token, which isn't looked at.
  const link = parseMagicLink(url.href);
  return link && { baseUrl: link.baseUrl, namespace: link.namespace, alias: link.alias };
}

/** Throws `invalid_link`; its message never repeats the link. */
export function readLink(text: string): Link {
  const trimmed = typeof text === "string" ? text.trim() : "";
  const link = parseMagicLink(trimmed);
  const address = connectUrl(trimmed);
  if (link !== null && address !== null) return { ...link, connectUrl: address };
  throw new AmsError("invalid_link", describeFault(trimmed));
}

function describeFault(text: string): string {
  if (!/^https?:\/\/.+\/conversations\/./.test(text)) {
    return "This is not a magic link: it looks like https://…/<namespace>/conversations/<alias>?t=….";
  }
  return /[?&]t=/.test(text)
    ? "The magic link is damaged: its namespace, its alias or the 43 characters after ?t= are not whole."
    : "The magic link is cut off: its end, ?t=…, is missing. In a shell, put it in quotes.";
}
