/** What the store keeps of an agent, and what is shown of it. */
import { type Algorithm, didOf, parsePublicKey } from "@ams/amp";
import { isoOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";

export type Delivery = {
  readonly webhook_url: string | null;
  /** Sealed. */
  readonly secret: string | null;
  readonly prefer_websocket: boolean;
};

export type Policy = { readonly mode: "open" | "restricted"; readonly allow: readonly string[] };

export type KeyEntry = { readonly hash: string; readonly untilMs: number | null };

export type Suspension = {
  readonly reason: string | null;
  readonly untilMs: number | null;
  readonly atMs: number;
};

export type AgentRecord = {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly address: string;
  readonly alias: string | null;
  readonly public_key: string;
  readonly key_algorithm: Algorithm;
  readonly fingerprint: string;
  readonly delivery: Delivery;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly capabilities: readonly string[];
  readonly policy: Policy;
  readonly registeredAtMs: number;
  readonly owner: string | null;
  readonly keys: readonly KeyEntry[];
  readonly suspended: Suspension | null;
  /** The card that the agent signed itself, as it put it. */
  readonly card: string | null;
  /** Whether it was given the link of its inbox on the wire. */
  readonly hasInboxLink?: boolean;
  /** The key before the last rotation, for peers that know it. */
  readonly previous: { readonly fingerprint: string; readonly atMs: number } | null;
};

export function readRecord(text: string): AgentRecord {
  return JSON.parse(text);
}

export function writeRecord(record: AgentRecord): string {
  return JSON.stringify(record);
}

export function refOf({ tenant, id }: AgentRecord): AgentRef {
  return { tenant, id };
}

/** Whether a suspension holds now; it may end by itself. */
export function isSuspended({ suspended }: AgentRecord, nowMs: number): boolean {
  return suspended !== null && (suspended.untilMs === null || suspended.untilMs > nowMs);
}

export function hasKey({ keys }: AgentRecord, hash: string, nowMs: number): boolean {
  return keys.some((key) => key.hash === hash && (key.untilMs === null || key.untilMs > nowMs));
}

/** Whether no API key of the agent is alive. */
export function hasNoKeys({ keys }: AgentRecord, nowMs: number): boolean {
  return !keys.some(({ untilMs }) => untilMs === null || untilMs > nowMs);
}

export type Member = {
  readonly id: string;
  readonly address: string;
  readonly alias: string | null;
};

export function memberText({ id, address, alias }: AgentRecord): string {
  return JSON.stringify({ id, address, alias } satisfies Member);
}

export function readMember(text: string): Member {
  return JSON.parse(text);
}

/** What `/agents/resolve` answers. */
export function publicView(record: AgentRecord, online: boolean) {
  const key = parsePublicKey(record.public_key);
  const did = key === null ? null : didOf(key);
  return {
    address: record.address,
    alias: record.alias,
    public_key: record.public_key,
    key_algorithm: record.key_algorithm,
    fingerprint: record.fingerprint,
    online,
    capabilities: record.capabilities,
    ...(did === null ? {} : { did }),
  };
}

/** What an agent sees of itself. The webhook's secret is never in it. */
export function ownView(record: AgentRecord, lastSeenAtMs: number) {
  const { webhook_url, prefer_websocket } = record.delivery;
  return {
    address: record.address,
    alias: record.alias,
    delivery: { webhook_url, prefer_websocket },
    fingerprint: record.fingerprint,
    registered_at: isoOf(record.registeredAtMs),
    last_seen_at: isoOf(lastSeenAtMs),
    agent_id: record.id,
    tenant: record.tenant,
    public_key: record.public_key,
    key_algorithm: record.key_algorithm,
    metadata: record.metadata,
    capabilities: record.capabilities,
    communication_policy: record.policy,
  };
}
