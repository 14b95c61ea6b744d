/**
 * A magic link, as a caller gives it: parsed, or refused in a sentence that says what is wrong with
 * it (§1.4).
 */
import {
  connectUrl,
  type LinkAddress,
  type LinkOptions,
  type MagicLink,
  parseLinkAddress,
  parseMagicLink,
} from "@ams/protocol";
import { AmsError } from "../errors.ts";

export type Link = MagicLink & {
  /** The WebSocket address of the link. It holds the link token: never show it. */
  readonly connectUrl: string;
};

export type LinkParts = LinkAddress;

/**
 * Where a magic link leads, without its token; null for what is none (§1.4). The token isn't
 * checked: `join` and `inspect` say when a link is cut off. `lenient` is for programs that say
 * themselves what is wrong with a link, `isPath` for servers at a link's path.
 *
 * @example
 * ```ts
 * import { parseLink } from "ams-client";
 *
 * const link = parseLink("https://ams.example/demo/conversations/stand-up?t=…");
 * console.log(link?.baseUrl, link?.namespace, link?.alias); // https://ams.example demo stand-up
 * ```
 */
export const parseLink: (magicLink: string, options?: LinkOptions) => LinkParts | null =
  parseLinkAddress;

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
