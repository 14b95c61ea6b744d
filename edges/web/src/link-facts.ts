/**
 * What is known of a magic link that somebody asked for, through the front door that everyone has.
 */
import { inspect } from "@ams/client";
import { isDeadLink } from "./dead-link.ts";

/** Milliseconds that an answer may wait for the deployment: a page has to come up all the same. */
const INSPECT_MS = 3_000;

export type LinkParts = {
  readonly namespace: string;
  readonly alias: string;
  /** Null when the link has none. */
  readonly token: string | null;
};

export type LiveFacts = {
  readonly kind: "live";
  readonly conversationId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
};

/**
 * Without `t` nobody can tell; `gone` is unknown, wrong, expired, revoked or closed; `away` is a
 * deployment that doesn't answer.
 */
export type FaultKind = "incomplete" | "gone" | "away";

export type LinkFacts = LiveFacts | { readonly kind: FaultKind };

export type LookUp = (link: LinkParts) => Promise<LinkFacts>;

/** Asks the deployment behind `url`, which may be known only once it listens. */
export function lookUpAt(url: () => string): LookUp {
  return async ({ namespace, alias, token }) => {
    if (token === null) return { kind: "incomplete" };
    const link = `${url()}/${namespace}/conversations/${alias}?t=${encodeURIComponent(token)}`;
    try {
      const { conversationId, metadata } = await inspect(link, { timeoutMs: INSPECT_MS });
      return { kind: "live", conversationId, metadata };
    } catch (error) {
      return { kind: isDeadLink(error) ? "gone" : "away" };
    }
  };
}
