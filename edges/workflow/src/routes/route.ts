/** What a handler of a conversation's path is given. */
import type { Account } from "@ams/client";
import { type ContextOf, limitIn, type SpaceRow, wholeIn } from "@ams/edge";
import { reject } from "../answers.ts";
import type { Workflows } from "../service.ts";

export type Context = ContextOf<Workflows>;
export type Row = SpaceRow<Context>;

/** Entries of a list at most: positions are below it. */
const POSITION_MAX = Number.MAX_SAFE_INTEGER;

/** A read, for members and whoever has the link. */
export function get(path: readonly string[], handle: Row["handle"]): Row {
  return { methods: ["GET"], path, handle, isOpenToLink: true };
}

export function limitOf(url: URL): number {
  return limitIn(url) ?? reject("invalid_limit");
}

export function wholeOf(url: URL, name: string, fallback: number, max: number): number {
  return wholeIn(url, name, { fallback, max }) ?? reject("invalid_request", { field: name });
}

/** Where a listing goes on: a position in its order. */
export function cursorOf(url: URL): number {
  const position = wholeIn(url, "cursor", { fallback: 0, max: POSITION_MAX });
  return position ?? reject("invalid_cursor");
}

/** The page of a list, and where the next one begins. */
export function pageOf<Item>(url: URL, items: readonly Item[]) {
  const [from, limit] = [cursorOf(url), limitOf(url)];
  const end = from + limit;
  return { items: items.slice(from, end), next_cursor: end < items.length ? String(end) : null };
}

/** Writes need an account. */
export function writerOf({ account }: Context): Account {
  return account ?? reject("missing_credential");
}
