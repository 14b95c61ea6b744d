/** What every room of one gateway shares. It is put together once, in `gateway.ts`, and never changed. */
import type { Directory, GatewayId } from "@ams/directory";
import type { Log } from "@ams/runtime";
import type { Holdings } from "./holdings.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Relay } from "./relay.ts";
import type { Sockets } from "./sockets.ts";

export type GatewayParts = {
  readonly directory: Directory;
  readonly relay: Relay;
  readonly sockets: Sockets;
  readonly holdings: Holdings;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The id under which this gateway holds its streams at present. */
  readonly gateway: () => GatewayId;
};
