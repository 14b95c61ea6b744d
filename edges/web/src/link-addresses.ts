/** The addresses that one magic link is (§1.4). */
import type { LinkParts } from "./link-facts.ts";

export type LinkAddresses = {
  /** The link itself: also the MCP endpoint and the page. */
  readonly link: string;
  readonly connectUrl: string;
};

export function addressesOf(
  baseUrl: string,
  { namespace, alias, token }: LinkParts,
): LinkAddresses {
  const path = `/${namespace}/conversations/${alias}`;
  const query = token === null ? "" : `?t=${encodeURIComponent(token)}`;
  return {
    link: `${baseUrl}${path}${query}`,
    connectUrl: `${baseUrl.replace(/^http/, "ws")}${path}/connect${query}`,
  };
}
