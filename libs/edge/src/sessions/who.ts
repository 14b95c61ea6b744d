/** Who speaks, as text to compare: an account by its id, a guest by a link. */
import type { CheckedLink, Who } from "../contract.ts";
import type { Identity } from "../subscriptions/wire-connection.ts";

/** Whose a session is. */
export function principalOf(who: Who): string {
  return ownerOf(who, who.kind === "guest" ? who.link : null) ?? "guest";
}

/**
 * Whose a subscription is that is taken with this link; null for a guest without one, who owns
 * nothing.
 */
export function ownerOf(who: Who, link: CheckedLink | null): string | null {
  if (who.kind === "account") return who.account.accountId;
  return link === null ? null : `guest ${link.key}`;
}

export function identityOf(who: Who): Identity {
  return who.kind === "account" ? { credential: who.account.credential } : { guest: true };
}
