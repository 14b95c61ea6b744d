/** What a load run does. */
import type { Rhythm } from "./schedule.ts";

export type Plan = {
  readonly subscribers: number;
  readonly emitters: number;
  readonly payloadBytes: number;
  /** Emitters receive nothing. */
  readonly emitOnly: boolean;
  readonly rhythm: Rhythm;
  /** Worker processes. */
  readonly processes: number;
  readonly connections: number;
  /** Connections that should receive a token: all that listen, except its own. */
  readonly audience: number;
  /** At the full rate. */
  readonly deliveriesPerSecond: number;
};
