/** Who speaks in a request to a space: the account of a bearer, or whoever has the link's token. */
import type { Account } from "@ams/client";
import type { Credentials, Links } from "../contract.ts";
import type { Space } from "./spaces.ts";

export type Caller =
  | { readonly kind: "account"; readonly account: Account }
  /** `?t=` with the token of the conversation's link: may look, and may stop. */
  | { readonly kind: "guest" };

export type CallerFault =
  | "missing_credential"
  | "invalid_credential"
  | "invalid_token"
  | "not_found"
  | "unavailable";

export type Called =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly fault: CallerFault };

const BEARER = /^Bearer ([!-~]{1,1024})$/i;

/** The account of the request's bearer. */
export async function accountOf(
  request: Request,
  credentials: Credentials,
): Promise<
  | { readonly ok: true; readonly account: Account }
  | { readonly ok: false; readonly fault: CallerFault }
> {
  const header = request.headers.get("authorization");
  if (header === null) return { ok: false, fault: "missing_credential" };
  const [, credential] = BEARER.exec(header) ?? [];
  if (credential === undefined) return { ok: false, fault: "invalid_credential" };
  const checked = await credentials.check(credential);
  if (checked.ok) return { ok: true, account: checked.account };
  const isAway = checked.fault === "unavailable" || checked.fault === "rate_limited";
  return { ok: false, fault: isAway ? "unavailable" : "invalid_credential" };
}

/**
 * A bearer makes a member's request. Without one, the token of the conversation's link is enough
 * where `isOpenToLink`; whoever isn't a member finds nothing.
 */
export async function callerOf(
  request: Request,
  space: Space | null,
  options: {
    readonly credentials: Credentials;
    readonly links: Links;
    readonly isOpenToLink: boolean;
    readonly alias: (space: Space) => string;
  },
): Promise<Called> {
  const { credentials, links, isOpenToLink, alias } = options;
  const token = new URL(request.url).searchParams.get("t");
  if (request.headers.get("authorization") === null && token !== null && isOpenToLink) {
    if (space === null) return { ok: false, fault: "not_found" };
    const path = `${space.namespace}/conversations/${alias(space)}`;
    const link = `http://space.invalid/${path}?t=${encodeURIComponent(token)}`;
    const checked = await links.check(link);
    if (checked.ok && checked.link.conversationId === space.conversationId)
      return { ok: true, caller: { kind: "guest" } };
    const isAway = !checked.ok && checked.fault === "unavailable";
    return { ok: false, fault: isAway ? "unavailable" : "invalid_token" };
  }
  const found = await accountOf(request, credentials);
  if (!found.ok) return found;
  const { account } = found;
  if (space === null || !space.access.members.has(account.accountId))
    return { ok: false, fault: "not_found" };
  return { ok: true, caller: { kind: "account", account } };
}
