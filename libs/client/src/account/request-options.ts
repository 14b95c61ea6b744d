/** What every request to the control plane takes. */
import type { OptionNames } from "../arguments.ts";

export type RequestOptions = {
  /** Stops the request with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until `timeout`; 15,000 unless given. */
  readonly timeoutMs?: number | undefined;
};

export const REQUEST_OPTIONS: OptionNames<RequestOptions> = { signal: true, timeoutMs: true };
