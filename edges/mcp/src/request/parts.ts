/** What the whole edge shares: made once, handed to everything that serves. */
import type { Seal, Wrapper } from "@ams/edge";
import type { McpMetrics } from "../metrics.ts";

export type Parts = {
  readonly wrapper: Wrapper;
  /** Seals handles and session ids, for all processes that share its secret. */
  readonly seal: Seal;
  readonly metrics: McpMetrics;
  /** Milliseconds without bytes after which a stream gets a comment. */
  readonly keepAliveMs: number;
  /**
   * What went wrong where nobody awaits it: counted and logged by its name, never by what it was
   * about.
   */
  readonly lost: (where: string, error: unknown) => void;
};
