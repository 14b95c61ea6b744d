/** A link at the address at which its reader reaches the deployment. */
import { parseLink } from "@ams/client";

/** The same link at another base URL: it works on every host name of the deployment. */
export function atBase(magicLink: string, baseUrl: string): string {
  const link = parseLink(magicLink, { lenient: true });
  if (link === null) return magicLink;
  const { namespace, alias } = link;
  return `${baseUrl}/${namespace}/conversations/${alias}${new URL(magicLink).search}`;
}
