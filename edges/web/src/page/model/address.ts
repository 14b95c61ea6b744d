/** Where this page is: at home, or at a magic link, whose token is taken out of the address bar. */
import { parseLink } from "@ams/client";
import { readVisits } from "./visits.ts";

export type Place =
  | { readonly kind: "home" }
  | {
      readonly kind: "portal";
      readonly namespace: string;
      readonly alias: string;
      /** Null when the address has none and nothing was kept. */
      readonly link: string | null;
      /** The link that this browser joined by before, where the one in the address is another. */
      readonly fallback: string | null;
      /** False where the browser keeps nothing, so that the token stays in the address bar. */
      readonly isHidden: boolean;
    };

/** What a tab, or a browser, keeps. */
export type Keep = {
  /** Null where nothing is kept under the key. */
  readonly get: (key: string) => string | null;
  /** False where nothing can be kept. */
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

export type Keeps = {
  /** What this tab keeps. */
  readonly session: Keep;
  /** What the browser keeps for all its tabs. */
  readonly browser: Keep;
};

/**
 * Reads the address, and takes its token into `session`: beside the one that let this browser in
 * before, as it may be damaged. `show` puts a path into the address bar.
 */
export function findPlace(
  url: URL,
  { session, browser }: Keeps,
  show: (path: string) => void,
): Place {
  const parts = parseLink(url.href);
  if (parts === null) return { kind: "home" };
  const { namespace, alias } = parts;
  const path = url.pathname;
  const given = url.searchParams.get("t");
  const isHidden = given === null || session.set(givenKey(path), given);
  if (given !== null && isHidden) show(path);
  const proven = session.get(tokenKey(path)) || visitedToken(browser, path);
  const token = given ?? (session.get(givenKey(path)) || proven);
  const linkOf = (it: string | null) => (it === null ? null : `${url.origin}${path}?t=${it}`);
  const fallback = token === proven ? null : linkOf(proven);
  return { kind: "portal", namespace, alias, link: linkOf(token), fallback, isHidden };
}

/** The names in the path of a link; empty for a path that is no link's. */
export function namesAt(path: string): { readonly namespace: string; readonly alias: string } {
  const { namespace = "", alias = "" } = parseLink(path, { lenient: true, isPath: true }) ?? {};
  return { namespace, alias };
}

/** The token by which this browser, in whatever tab, was in the conversation. */
function visitedToken(browser: Keep, path: string): string | null {
  return readVisits(browser).find((visit) => visit.path === path)?.token ?? null;
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
