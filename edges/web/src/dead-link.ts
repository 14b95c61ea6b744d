/**
 * What the server and the page in the browser both have to tell apart: a link that leads nowhere,
 * and one of which nobody knows.
 */
import { AmsError, type AmsErrorCode } from "@ams/client";

const DEAD: readonly AmsErrorCode[] = ["invalid_link", "invalid_token", "not_found"];

/**
 * True when inspecting failed because the link is none, admits nobody any more, or its conversation
 * is no more (§2.5).
 */
export function isDeadLink(error: unknown): boolean {
  return error instanceof AmsError && DEAD.includes(error.code);
}
