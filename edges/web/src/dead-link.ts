/**
 * What the server and the page in the browser both distinguish: a link that is dead, and one of
 * which that can't be known.
 */
import { AmsError, type AmsErrorCode } from "@ams/client";

const DEAD: readonly AmsErrorCode[] = ["invalid_link", "invalid_token", "not_found"];

/**
 * True when inspecting failed because the link is none, admits nobody any more, or its conversation
 * has ended (§2.5).
 */
export function isDeadLink(error: unknown): boolean {
  return error instanceof AmsError && DEAD.includes(error.code);
}
