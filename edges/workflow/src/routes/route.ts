/** What a handler of a conversation's path is given. */
import type { Account } from "@ams/client";
import { reject } from "../answers.ts";
import type { Workflows } from "../service.ts";
import type { LiveSpace } from "../space/live-space.ts";
import type { Wire } from "../wire/wire.ts";

export type Context = {
  readonly service: Workflows;
  readonly request: Request;
  readonly url: URL;
  /** Below the conversation. */
  readonly segments: readonly string[];
  readonly live: LiveSpace;
  readonly wire: Wire;
  /** Null for whoever has only the link's token, or is anybody. */
  readonly account: Account | null;
  readonly isOwner: boolean;
};

export type Handler = (context: Context) => Promise<Response> | Response;

/** Items of a page unless it is asked for, and at most. */
const PAGE = 100;
const PAGE_MAX = 1_000;
const WHOLE = /^\d{1,15}$/;

export function limitOf(url: URL): number {
  const text = url.searchParams.get("limit");
  if (text === null) return PAGE;
  const limit = WHOLE.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= PAGE_MAX ? limit : reject("invalid_limit");
}

export function wholeOf(url: URL, name: string, fallback: number, max: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  const value = WHOLE.test(text) ? Number(text) : -1;
  return value >= 0 && value <= max ? value : reject("invalid_request", { field: name });
}

/** Where a listing goes on: a position in its order. */
export function cursorOf(url: URL): number {
  const text = url.searchParams.get("cursor");
  if (text === null) return 0;
  return WHOLE.test(text) ? Number(text) : reject("invalid_cursor");
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
