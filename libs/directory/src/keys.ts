/**
 * Where each thing lies in Redis. All keys of one conversation, and its channel, share the hash tag of its
 * partition, and so one slot of a cluster; likewise all keys of one account. There are 128 partitions: enough to
 * spread over any cluster, few enough that a dead gateway's streams are found by asking each (see docs/adr).
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `ams:namespace:<ns>` | string | account id | never: a namespace isn't given out twice |
 * | `ams:credential:<hash>` | string | account id | with the account, or after its grace |
 * | `ams:account:{pN}:<id>` | hash | the account's record | with the account |
 * | `ams:account:{pN}:<id>:credentials` | set | its credential hashes | with the account |
 * | `ams:account:{pN}:<id>:places` | hash | `<conv>/<stream>` -> `<gateway>/<connection>` | field: release or sweep |
 * | `ams:namespace:{pN}:<ns>:conversations` | zset, all scores 0 | `<conversation id order>` of the owner, for listing | member: delete |
 * | `ams:conversation:{pN}:<ns>/<alias>` | hash | the conversation's record | delete |
 * | `ams:conversation:{pN}:<conv>:links` | hash | number -> hash | delete |
 * | `ams:conversation:{pN}:<conv>:roster` | hash | stream name -> entry JSON | field: leave or sweep |
 * | `ams:conversation:{pN}:<conv>:joined` | set | stream ids counted against `max_joins` | delete |
 * | `ams:conversation:{pN}:<conv>:departed` | zset | stream name by last epoch, the latest 1,000 | delete, or a day unused |
 * | `ams:held:{pN}:<gateway>` | set | what a gateway holds in this partition | sweep, or its end |
 * | `ams:gateways` | zset | gateway id by the time at which its lease ends | end of lease, or sweep |
 */
import { createHash } from "node:crypto";
import type { ConversationId } from "@ams/protocol";
import type { Address } from "./records.ts";

export const PARTITIONS = 128;

/** The channel on which every gateway of the deployment listens. */
export const DEPLOYMENT_CHANNEL = "ams:{p0}:gateways";

/** The partition of whatever is found by this text: 0 to 127, spread evenly, the same for ever. */
export function partitionOf(text: string): number {
  return createHash("sha1").update(text).digest().readUInt32BE(0) % PARTITIONS;
}

/** A conversation lies where its address says, so that a link alone finds it. */
export function conversationPartition(address: Address): number {
  return partitionOf(`${address.namespace}/${address.alias}`);
}

/** The channel of one conversation, on every kind of bus. */
export function channelOf(address: Address, conversationId: ConversationId): string {
  return `ams:{p${conversationPartition(address)}}:${conversationId}`;
}
