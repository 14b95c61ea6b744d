/** How a service of spaces refuses to open one by a link that was not accepted. */
import { parseLink } from "@ams/client";

export type LinkFault = "not_found" | "invalid_token" | "invalid_magic_link" | "store_unavailable";

/** By the fault of the check, and by whether the text has the form of a magic link. */
export function linkFault(fault: string, text: string): LinkFault {
  switch (fault) {
    case "conversation_not_found":
      return "not_found";
    case "invalid_magic_link":
    case "link_revoked":
    case "conversation_closed":
      return isLink(text) ? "invalid_token" : "invalid_magic_link";
    default:
      return "store_unavailable";
  }
}

function isLink(text: string): boolean {
  return parseLink(text, { lenient: true }) !== null && new URL(text).searchParams.has("t");
}
