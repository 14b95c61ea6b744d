/** A request that was let in, with all that is known of it. */
import type { Meter } from "@ams/process";
import type { Caller } from "./who.ts";

export type Incoming = {
  readonly request: Request;
  readonly caller: Caller;
  /** Where it comes from: compared only, never shown or logged. */
  readonly address: string;
  /** Base URL of the links that this caller is shown. */
  readonly baseUrl: string;
  /** What it costs, where somebody counts. */
  readonly meter: Meter | undefined;
};
