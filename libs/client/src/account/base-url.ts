/** The address of a deployment, as a caller gives it. */
import { AmsError } from "../errors.ts";

/**
 * The base URL without a slash at its end. Throws `invalid_argument` when the text is no http
 * address.
 */
export function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new AmsError(
      "invalid_argument",
      "The URL of a deployment begins with http:// or https://.",
    );
  }
  return `${url.origin}${url.pathname}`.replace(/(?<!\/)\/+$/, "");
}
