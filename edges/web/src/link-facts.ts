/** What is known of a magic link that somebody asked for, by the API that everybody has. */
import { AmsError, inspect } from "@ams/client";
import { isDeadLink } from "./dead-link.ts";

/** Milliseconds that an answer may wait for the deployment: a page has to be shown all the same. */
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
  /** Seconds for which the conversation keeps messages for those who join later; 0 for none. */
  readonly replayS: number;
};

/**
 * `incomplete` is without `t`; `gone` is a conversation that is unknown or closed; `refused` is a
 * link to one that exists, but wrong, expired or revoked; `away` is a deployment that doesn't
 * answer.
 */
export type FaultKind = "incomplete" | "gone" | "refused" | "away";

export type LinkFacts = LiveFacts | { readonly kind: FaultKind };

export type LookUp = (link: LinkParts) => Promise<LinkFacts>;

/** Asks the deployment behind `url`, which may be known only once it listens. */
export function lookUpAt(url: () => string): LookUp {
  return async ({ namespace, alias, token }) => {
    if (token === null) return { kind: "incomplete" };
    const link = `${url()}/${namespace}/conversations/${alias}?t=${encodeURIComponent(token)}`;
    try {
      const { conversationId, metadata, replay } = await inspect(link, { timeoutMs: INSPECT_MS });
      return { kind: "live", conversationId, metadata, replayS: replay?.ttlS ?? 0 };
    } catch (error) {
      if (!isDeadLink(error)) return { kind: "away" };
      const isRefused = error instanceof AmsError && error.code === "invalid_token";
      return { kind: isRefused ? "refused" : "gone" };
    }
  };
}
