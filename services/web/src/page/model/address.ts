/** Where this page is: at home, or at a magic link, whose token is taken out of the address bar. */

export type Place =
  | { readonly kind: "home" }
  | {
      readonly kind: "portal";
      readonly namespace: string;
      readonly alias: string;
      /** Null when the address has none and nothing was kept. */
      readonly link: string | null;
      /** False where the browser keeps nothing, so that the token stays in the address bar. */
      readonly isHidden: boolean;
    };

/** What a tab keeps of a session; null where it keeps nothing. */
export type Keep = {
  readonly get: (key: string) => string | null;
  readonly set: (key: string, value: string) => boolean;
};

/** A deployment may be reached below a path of its host: it is what stands before the conversation's own. */
const LINK_PATH = /^(.*)\/([^/]+)\/conversations\/([^/]+)$/;

/** The base URL of the deployment that a page is of, without a trailing slash. */
export function baseOf(url: URL): string {
  const [, before] = LINK_PATH.exec(url.pathname) ?? [];
  return url.origin + (before ?? url.pathname.replace(/\/+$/, ""));
}

/**
 * The same link at the base URL by which this page reaches the deployment: a link works on every host name of it (§1.5),
 * and the page may speak to its own only.
 */
export function atBase(link: string, base: string): string {
  const { pathname, search } = new URL(link);
  const [, , namespace, alias] = LINK_PATH.exec(pathname) ?? [];
  return `${base}/${namespace}/conversations/${alias}${search}`;
}

/** Reads the address, and hides its token in `session`. `show` puts a path into the address bar. */
export function findPlace(url: URL, session: Keep, show: (path: string) => void): Place {
  const [path, , namespace, alias] = LINK_PATH.exec(url.pathname) ?? [];
  if (path === undefined || namespace === undefined || alias === undefined) {
    return { kind: "home" };
  }
  const given = url.searchParams.get("t");
  const key = `token ${path}`;
  const token = given ?? session.get(key);
  const isHidden = given === null || session.set(key, given);
  if (given !== null && isHidden) show(path);
  const link = token === null ? null : `${url.origin}${path}?t=${token}`;
  return { kind: "portal", namespace, alias, link, isHidden };
}
