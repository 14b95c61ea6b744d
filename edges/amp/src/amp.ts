/** The parts of a provider, as its routes and deliveries use them. */
import type { KeyObject } from "node:crypto";
import type { PublicKey } from "@ams/amp";
import type { Log, Outgoing, Reached } from "@ams/process";
import type { AgentRecord } from "./agents/record.ts";
import type { AmpConfig } from "./config.ts";
import type { Mesh } from "./delivery/mesh-file.ts";
import type { Peers } from "./delivery/peers.ts";
import type { Work } from "./delivery/work.ts";
import type { AmpMetrics } from "./metrics.ts";
import type { Secrets } from "./secrets.ts";
import type { Feeds } from "./sockets/feeds.ts";
import type { Presence } from "./sockets/presence.ts";
import type { Store } from "./store/store.ts";
import type { Tenants } from "./tenants.ts";
import type { Wire } from "./wire/wire.ts";

export type Amp = {
  readonly config: AmpConfig;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly provider: { readonly privateKey: KeyObject; readonly key: PublicKey };
  readonly tenants: Tenants;
  readonly outgoing: Outgoing;
  readonly peers: Peers;
  readonly mesh: Mesh | null;
  readonly feeds: Feeds;
  readonly presence: Presence;
  readonly wire: Wire;
  readonly work: Work;
  readonly metrics: AmpMetrics;
  readonly log: Log;
  readonly reached: Reached;
  /** This process among those of the deployment. */
  readonly processId: string;
  readonly startedAtMs: number;
  /** The agent made a request: kept now and then. */
  readonly seen: (record: AgentRecord) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/** The domains that an address may end with as its provider. */
export function domainsOf({ config }: Pick<Amp, "config">): readonly string[] {
  return [config.AMS_AMP_DOMAIN, ...config.AMS_AMP_PEERS.keys()];
}
