/** Where to look: the deployment of a URL or of a link. */

import { linkAddressOf } from "../conversation/link-address.ts";
import { CliError } from "../faults/fault.ts";

export type Target = {
  /** The deployment, without a slash at its end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** The link, when one was given. */
  readonly link: string | null;
};

export function targetOf(text: string): Target {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CliError(
      "bad_usage",
      "The address of a deployment, or a link, begins with http:// or https://.",
    );
  }
  const address = linkAddressOf(trimmed);
  const isSecure = url.protocol === "https:";
  return {
    url: address?.url ?? `${url.origin}${url.pathname}`.replace(/(?<!\/)\/+$/, ""),
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (isSecure ? 443 : 80)),
    isSecure,
    link: address === null ? null : trimmed,
  };
}
