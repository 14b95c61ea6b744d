/**
 * One request of an MCP client, as the tools and resources see it, whatever the era and the
 * transport.
 */
import type { CheckedLink, Result, Session, Who } from "@ams/edge";
import type { Notice } from "../push/notices.ts";

export type Call = {
  readonly who: Who;
  /** The conversation that the address, or the process, is bound to. */
  readonly link: CheckedLink | null;
  /** The caller's presence. Opened when it is first asked for: who only lists tools needs none. */
  readonly session: () => Result<{ readonly session: Session }>;
  /** A magic link with the host at which this caller reaches the deployment. */
  readonly linkToShow: (magicLink: string) => string;
  /**
   * Also sends notifications on this request's own answer, where the era and the client's lack of a
   * push stream ask for it.
   */
  readonly rideAlong: (notices: readonly Notice[]) => Promise<void>;
  /**
   * A fresh name for who joins without one and can't be told apart from others otherwise; null
   * leaves it to the wrapper.
   */
  readonly nameless: ((program: string | null) => string) | null;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
  /** The caller's program as it calls itself, for the peer identity; null when it doesn't say. */
  readonly clientName: string | null;
};
