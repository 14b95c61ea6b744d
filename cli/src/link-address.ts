/** A magic link taken apart: the one place of the command line that knows how its path looks. */

export type LinkAddress = {
  /** The deployment: origin and path before the namespace, without a slash at its end. */
  readonly url: string;
  readonly namespace: string;
  readonly alias: string;
};

const LINK_PATH = /^(.*)\/([^/]+)\/conversations\/([^/]+)\/?$/;

/**
 * Where a link leads; null when the text is no http address, or its path isn't a link's. What
 * stands behind `?` isn't looked at.
 */
export function linkAddressOf(text: string): LinkAddress | null {
  const trimmed = text.trim();
  if (!URL.canParse(trimmed)) return null;
  const { protocol, origin, pathname } = new URL(trimmed);
  const [, before = "", namespace, alias] = LINK_PATH.exec(pathname) ?? [];
  if (!/^https?:$/.test(protocol) || namespace === undefined || alias === undefined) return null;
  return { url: `${origin}${before}`.replace(/(?<!\/)\/+$/, ""), namespace, alias };
}
