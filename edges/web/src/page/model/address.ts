/** Where this page is: at home, or at a magic link, whose token is taken out of the address bar. */
import { parseLink } from "@ams/client";

export type Place =
  | { readonly kind: "home" }
  | {
      readonly kind: "portal";
      readonly namespace: string;
      readonly alias: string;
      /** Null when the address has none and nothing was kept. */
      readonly link: string | null;
      /** The link that this tab came in by before, where the one in the address is another. */
      readonly fallback: string | null;
      /** False where the browser keeps nothing, so that the token stays in the address bar. */
      readonly isHidden: boolean;
    };

/** What a tab keeps of a session; null where it keeps nothing. */
export type Keep = {
  readonly get: (key: string) => string | null;
  readonly set: (key: string, value: string) => boolean;
};

/** The base URL of the deployment that a page is of, without a trailing slash. */
export function baseOf(url: URL): string {
  const link = parseLink(url.href);
  return link?.baseUrl ?? url.origin + url.pathname.replace(/(?<!\/)\/+$/, "");
}

/**
 * The same link at the base URL by which this page reaches the deployment: a link works on every
 * host name of it (§1.5), and the page may speak to its own only.
 */
export function atBase(link: string, base: string): string {
  const parts = parseLink(link, { lenient: true });
  if (parts === null) return link;
  return `${base}/${parts.namespace}/conversations/${parts.alias}${new URL(link).search}`;
}

/** Where a tab keeps the token that it came in by. */
function tokenKey(path: string): string {
  return `token ${path}`;
}

/** Where it keeps the one that it was given, until that has let it in. */
function givenKey(path: string): string {
  return `given token ${path}`;
}

/**
 * Reads the address, and hides its token in `session`: beside the one that this tab came in by, as
 * it may be mangled. `show` puts a path into the address bar.
 */
export function findPlace(url: URL, session: Keep, show: (path: string) => void): Place {
  const parts = parseLink(url.href);
  if (parts === null) return { kind: "home" };
  const { namespace, alias } = parts;
  const path = url.pathname;
  const given = url.searchParams.get("t");
  const isHidden = given === null || session.set(givenKey(path), given);
  if (given !== null && isHidden) show(path);
  const proven = session.get(tokenKey(path)) || null;
  const token = given ?? (session.get(givenKey(path)) || proven);
  const linkOf = (it: string | null) => (it === null ? null : `${url.origin}${path}?t=${it}`);
  const fallback = token === proven ? null : linkOf(proven);
  return { kind: "portal", namespace, alias, link: linkOf(token), fallback, isHidden };
}

/** The link has let somebody in: from now on it is the one that this tab comes back by. */
export function keepProven(link: string, session: Keep): void {
  const { pathname, searchParams } = new URL(link);
  session.set(tokenKey(pathname), searchParams.get("t") ?? "");
  session.set(givenKey(pathname), "");
}

/** The link has let nobody in: forgets it, so that a reload takes the one that did. */
export function dropGiven(link: string, session: Keep): void {
  session.set(givenKey(new URL(link).pathname), "");
}
