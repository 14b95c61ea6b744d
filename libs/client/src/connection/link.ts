/** A magic link, as a caller gives it: taken apart, or refused in a sentence that says what is wrong with it (§1.4). */
import { connectUrl, type MagicLink, parseMagicLink } from "@ams/protocol";
import { AmsError } from "../errors.ts";

export type Link = MagicLink & {
  /** The WebSocket address behind the link. It holds the link token: never show it. */
  readonly connectUrl: string;
};

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
