/** Where a magic link leads, for a command that says itself what is wrong with one. */
import { parseLink } from "@ams/client";

export type LinkAddress = {
  /** The deployment: origin and path before the namespace, without a slash at its end. */
  readonly url: string;
  readonly namespace: string;
  readonly alias: string;
};

/** Null when the text is no http address, or its path isn't a link's. The query isn't read. */
export function linkAddressOf(text: string): LinkAddress | null {
  const link = parseLink(text.trim(), { lenient: true });
  if (link === null) return null;
  const { baseUrl, namespace, alias } = link;
  return { url: baseUrl.replace(/(?<!\/)\/+$/, ""), namespace, alias };
}
