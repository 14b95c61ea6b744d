/**
 * What all modules of one gateway share. It is built once, in `gateway.ts`, and never changed.
 */
import type { Directory, GatewayId } from "@ams/directory";
import type { ReplayLog } from "@ams/log";
import type { Log } from "@ams/process";
import type { Credentials } from "./accept/credentials.ts";
import type { Sockets } from "./accept/sockets.ts";
import type { Relay } from "./bus/relay.ts";
import type { Waiting } from "./conversation/waiting.ts";
import type { Holdings } from "./lifecycle/holdings.ts";
import type { Stalls } from "./lifecycle/stalls.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Turns } from "./replay/turns.ts";
import type { Meters } from "./usage/meters.ts";

export type GatewayDeps = {
  readonly directory: Directory;
  readonly relay: Relay;
  /** What conversations with replay keep; null where replay is not offered. */
  readonly replay: ReplayLog | null;
  /** Shares this process among all that read from a log. */
  readonly turns: Turns;
  /** Brings a conversation in line with the directory and its log: something was lost. */
  readonly resync: (channel: string) => void;
  /** Unsent bytes that are kept for a slow reader. */
  readonly backpressureBytes: number;
  readonly sockets: Sockets;
  readonly holdings: Holdings;
  readonly credentials: Credentials;
  /** What accounts use here, and what they may. */
  readonly meters: Pick<Meters, "of" | "ready" | "reached">;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The id under which this gateway holds its streams at present. */
  readonly gateway: () => GatewayId;
  /**
   * Whether what is held under this id is surely still held at this time, in monotonic ms; false
   * once its lease may have run out unnoticed.
   */
  readonly holds: (gateway: GatewayId, nowMs: number) => boolean;
  /** Asks the directory at once about whatever is in doubt. */
  readonly recheck: () => void;
  /** Sessions whose frames wait for the answer. */
  readonly waiting: Waiting;
  /** How often this process stood still. */
  readonly stalls: Stalls;
};
