/** Names of channels, and the partitions that spread them: the same on every kind of bus. */
import { hash } from "node:crypto";
import type { Address, Where } from "./records.ts";

/** Hash tags of a deployment on a Cluster: redis/keys.ts says why so many. */
export const PARTITIONS = 128;

/**
 * The partition of whatever is found by this text: 0 to 127, spread evenly, permanently the same.
 */
export function partitionOf(text: string): number {
  return Number.parseInt(hash("sha1", text).slice(0, 8), 16) % PARTITIONS;
}

/** A conversation lies where its address says, so that a link alone finds it. */
export function conversationPartition(address: Address): number {
  return partitionOf(`${address.namespace}/${address.alias}`);
}

/**
 * The channels of one deployment, on every kind of bus. Pub/sub ignores databases, so they have the
 * prefix too.
 */
export type Channels = {
  /** On which every gateway of the deployment listens. */
  readonly deployment: string;
  readonly conversation: (where: Where) => string;
};

/** What the channels of a partition begin with; its hash tag is that of the partition's keys. */
export function channelPrefix(prefix: string, partition: number): string {
  return `${prefix}{p${partition}}:`;
}

export function channelsUnder(prefix: string): Channels {
  return {
    deployment: `${channelPrefix(prefix, 0)}gateways`,
    conversation: ({ address, conversationId, generation }) =>
      `${channelPrefix(prefix, conversationPartition(address))}${conversationId}:${generation}`,
  };
}
