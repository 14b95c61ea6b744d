/**
 * Where each thing lies in Redis. All keys of one conversation, and its channel, share the hash tag
 * of its partition, and so one slot of a cluster; likewise all keys of one account. There are 128
 * partitions: enough to spread over any cluster, few enough that a dead gateway's streams are found
 * by asking each (see docs/adr).
 *
 * Every key and every channel begins with the deployment's prefix: `ams:` in database 0, `ams:N:`
 * in database N, or what `AMS_REDIS_PREFIX` names. The table has that of database 0.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `ams:namespace:{pN}:<ns>` | string | account id, and ` deleted` after it once the account is gone | never: a namespace isn't given out twice |
 * | `ams:namespace:{pN}:<ns>:conversations` | zset, all scores 0 | `<created_at> <conv> <alias>` of each, for listing | member: delete, or a listing that finds no record |
 * | `ams:namespace:{pN}:<ns>:canonical` | hash | id of a `jcs-sha256` conversation -> `<alias> <generation>`; `claims_floor`, `links_floor` | field: delete; with the account |
 * | `ams:account:{pN}:<id>` | hash | the account's record, plan and limits | with the account |
 * | `ams:account:{pN}:<id>:credentials` | hash | credential hash -> when it ends and in which order (redis/scripts/script.ts), up to `CREDENTIALS_MAX` | with the account; field: rotation, or first use of a newer one |
 * | `ams:account:{pN}:<id>:keys` | hash | credential hash -> key (redis/scripts/script.ts), up to `KEYS_MAX` | with the account; field: revocation |
 * | `ams:account:{pN}:<id>:events` | stream | its audit log, about the latest `ACCOUNT_EVENTS_MAX` | with the account |
 * | `ams:account:{pN}:<id>:webhooks` | hash | webhook id -> webhook, up to `WEBHOOKS_MAX`, its secrets sealed | with the account; field: removal |
 * | `ams:account:{pN}:<id>:deliveries` | stream | attempts of webhooks, about the latest `DELIVERIES_MAX` | with the account |
 * | `ams:account:{pN}:<id>:usage` | hash | hour -> what the account used in it (redis/scripts/usage.ts), of the last `USAGE_KEPT_HOURS` | with the account |
 * | `ams:account:{pN}:<id>:sources` | hash | who handed it in -> the number of the last time, and the rates then | with the account |
 * | `ams:account:{pN}:<id>:places` | hash | `<conv>/<stream>` -> `<gateway>/<connection>`, several while a quota slot is shared | field: release or sweep |
 * | `ams:account:{pN}:<id>:guests` | hash | the same, of the guests in the account's conversations | field: release or sweep |
 * | `ams:credential:{pN}:<hash>` | string | the account whose record says whether it is live | with the account, after its grace, or with its key |
 * | `ams:conversation:{pN}:<ns>/<alias>` | hash | the conversation's record and counters | delete |
 * | `ams:conversation:{pN}:<ns>/<alias>:links` | hash | link number -> hash, or a link with terms (redis/links.ts) | delete; field: revocation |
 * | `ams:conversation:{pN}:<ns>/<alias>:uses` | hash | link number -> `<uses> <Unix ms of the last> <joins>`; `<number>:ids` -> the stream ids that its own `max_joins` counts | delete; field: revocation |
 * | `ams:conversation:{pN}:<ns>/<alias>:roster` | hash | stream name -> entry (redis/entry.ts) | field: leave or sweep; delete |
 * | `ams:conversation:{pN}:<ns>/<alias>:joined` | set | stream ids counted against `max_joins` | delete |
 * | `ams:conversation:{pN}:<ns>/<alias>:departed` | hash | stream name -> `<its last epoch> <order of leaving>`, at least the latest `DEPARTED_MAX` | delete, or `DEPARTED_TTL_S` unused |
 * | `ams:outboxes:{pN}` | hash | namespace or account id -> events lost, of those who have events waiting here | field: once they are fetched |
 * | `ams:outbox:{pN}:<owner>` | stream | its events, up to `OUTBOX_EVENTS_MAX` | `OUTBOX_TTL_S` unused |
 * | `ams:expiring:{pN}` | zset | `<ns>/<alias> <generation>` by the time of its removal, Unix ms | member: delete, or removal |
 * | `ams:held:{pN}:<gateway>` | set | the streams and quota slots that a gateway holds in this partition | member: leave, release; sweep |
 * | `ams:gateways:{p0}` | zset | gateway id by the time at which its lease ends | end of lease, or sweep |
 * | `ams:sweeping:{p0}` | zset | lapsed gateway by the time at which somebody began to sweep it | once it is swept |
 * | `ams:peppers:{p0}` | hash | `credential`, `link` -> check values of the peppers in use, up to `PEPPER_CHECKS_MAX`; `format` -> version of what lies here | never |
 * | `ams:plans:{p0}` | hash | plan's name -> its limits as JSON, up to `PLANS_MAX` | field: removal |
 * | `ams:operator-keys:{p0}` | hash | key id -> an operator key with its hash, up to `OPERATOR_KEYS_MAX` | field: revocation |
 * | `ams:audit:{p0}` | stream | what operators did, about the latest `OPERATOR_EVENTS_MAX` | never |
 * | `ams:suspended:{p0}` | hash | account id -> since when it is suspended, and why, up to `SUSPENDED_MAX`; `version` -> how often that changed | field: with the account, or its suspension |
 * | `ams:accounts:{p0}` | zset, all scores 0 | `<ns> <id>` of every account, for operators; ` complete` once it has those of earlier versions | member: with the account |
 * | `ams:report:{p0}:<gateway>` | string | what a gateway says of itself | unused for some seconds |
 * | `ams:rate:accounts:<hash>`, `ams:rate:mints:<account>`, `ams:rate:rotations:<account>` | string | attempts in this minute (services/control) | its minute |
 *
 * An account and its credential live for `PENDING_ACCOUNT_S` at first, and permanently once the
 * namespace is theirs.
 */
import type { AccountId, Namespace } from "@ams/protocol";
import {
  type Channels,
  channelPrefix,
  channelsUnder,
  conversationPartition,
  partitionOf,
} from "../channels.ts";
import type { Address, GatewayId } from "../records.ts";

/**
 * Seconds for which departed streams are remembered: a gateway that was away for longer isn't
 * believed to return.
 */
export const DEPARTED_TTL_S = 86_400;

/**
 * Seconds that a half-made account lives: far more than making one takes, and soon free again after
 * a crash.
 */
export const PENDING_ACCOUNT_S = 60;

export type ConversationKeys = {
  readonly record: string;
  readonly links: string;
  readonly uses: string;
  readonly roster: string;
  readonly joined: string;
  readonly departed: string;
  /** Of the whole partition. */
  readonly expiring: string;
  readonly outboxes: string;
  /** Of the namespace, in this partition. */
  readonly outbox: string;
  /** With a conversation's id, a colon and its generation appended: its channel. */
  readonly channelPrefix: string;
  /** With a gateway's id appended: the key of what that gateway holds here. */
  readonly heldPrefix: string;
};

export type AccountKeys = {
  readonly record: string;
  readonly credentials: string;
  readonly keys: string;
  readonly events: string;
  readonly usage: string;
  readonly sources: string;
  readonly slots: string;
  readonly guests: string;
  readonly webhooks: string;
  readonly deliveries: string;
  readonly outboxes: string;
  readonly outbox: string;
  readonly heldPrefix: string;
};

export type NamespaceKeys = {
  readonly owner: string;
  readonly conversations: string;
  readonly canonical: string;
};

/** All names of one deployment in Redis. */
export type Keys = {
  readonly channels: Channels;
  /**
   * Gateways and their leases lie in one slot, so that a lapsed one is taken by exactly one
   * sweeper.
   */
  readonly gateways: string;
  readonly sweeping: string;
  readonly peppers: string;
  readonly plans: string;
  readonly operatorKeys: string;
  readonly audit: string;
  readonly suspended: string;
  readonly accounts: string;
  readonly report: (gateway: GatewayId) => string;
  /** What matches the owner's key of every namespace, and keys of other types. */
  readonly namespacePattern: string;
  /** With a colon and what is counted appended: a key. */
  readonly rate: (name: string) => string;
  readonly conversation: (address: Address) => ConversationKeys;
  readonly account: (id: AccountId) => AccountKeys;
  readonly namespace: (namespace: Namespace) => NamespaceKeys;
  readonly credential: (hash: string) => string;
  readonly expiring: (partition: number) => string;
  readonly outboxes: (partition: number) => string;
  readonly outbox: (partition: number, owner: string) => string;
  readonly held: (partition: number, gateway: GatewayId) => string;
};

export function keysUnder(prefix: string): Keys {
  const at = (kind: string, partition: number) => `${prefix}${kind}:{p${partition}}`;
  const outbox = (partition: number, owner: string) => `${at("outbox", partition)}:${owner}`;
  const heldPrefix = (partition: number) => `${at("held", partition)}:`;
  return {
    channels: channelsUnder(prefix),
    gateways: at("gateways", 0),
    sweeping: at("sweeping", 0),
    peppers: at("peppers", 0),
    plans: at("plans", 0),
    operatorKeys: at("operator-keys", 0),
    audit: at("audit", 0),
    suspended: at("suspended", 0),
    accounts: at("accounts", 0),
    report: (gateway) => `${at("report", 0)}:${gateway}`,
    namespacePattern: `${prefix}namespace:{p*}:*`,
    rate: (name) => `${prefix}rate:${name}`,
    conversation(address) {
      const partition = conversationPartition(address);
      const record = `${at("conversation", partition)}:${address.namespace}/${address.alias}`;
      return {
        record,
        links: `${record}:links`,
        uses: `${record}:uses`,
        roster: `${record}:roster`,
        joined: `${record}:joined`,
        departed: `${record}:departed`,
        expiring: at("expiring", partition),
        outboxes: at("outboxes", partition),
        outbox: outbox(partition, address.namespace),
        channelPrefix: channelPrefix(prefix, partition),
        heldPrefix: heldPrefix(partition),
      };
    },
    account(id) {
      const partition = partitionOf(id);
      const record = `${at("account", partition)}:${id}`;
      return {
        record,
        credentials: `${record}:credentials`,
        keys: `${record}:keys`,
        events: `${record}:events`,
        usage: `${record}:usage`,
        sources: `${record}:sources`,
        slots: `${record}:places`,
        guests: `${record}:guests`,
        webhooks: `${record}:webhooks`,
        deliveries: `${record}:deliveries`,
        outboxes: at("outboxes", partition),
        outbox: outbox(partition, id),
        heldPrefix: heldPrefix(partition),
      };
    },
    namespace(namespace) {
      const owner = `${at("namespace", partitionOf(namespace))}:${namespace}`;
      return { owner, conversations: `${owner}:conversations`, canonical: `${owner}:canonical` };
    },
    credential: (hash) => `${at("credential", partitionOf(hash))}:${hash}`,
    expiring: (partition) => at("expiring", partition),
    outboxes: (partition) => at("outboxes", partition),
    outbox,
    held: (partition, gateway) => `${heldPrefix(partition)}${gateway}`,
  };
}
