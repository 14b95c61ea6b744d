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
  /**
   * The caller's presence. Opened when it is first asked for: who only lists tools needs none. A
   * caller of the stateless era has one for each handle.
   */
  readonly session: (handle: string | null) => Result<{ readonly session: Session }>;
  /** A magic link with the host at which this caller reaches the deployment. */
  readonly linkToShow: (magicLink: string) => string;
  /**
   * Also sends notifications on this request's own answer, where the era and the client's lack of a
   * push stream ask for it.
   */
  readonly rideAlong: (notices: readonly Notice[]) => Promise<void>;
  /** Whether the next call can't be known to be the same caller's but by a handle. */
  readonly isStateless: boolean;
  /** The caller wants notifications from now on, where its era has them. */
  readonly askPush: () => void;
  /** Whether `rideAlong` sends anything. */
  readonly ridesAlong: () => boolean;
  /** Reports progress to a client that gave a token for it; null where it gave none. */
  readonly progress: ((count: number) => Promise<void>) | null;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
  /** The caller's program as it calls itself, for the peer identity; null when it doesn't say. */
  readonly clientName: string | null;
};
