/**
 * What the clients of a run did and heard: one record for each connection, and the faults beside
 * them. The checker judges nothing else.
 */
import type { ServerFrame } from "@ams/protocol";

/** A frame, and when it arrived: ms since the run began. */
export type Heard = { readonly atMs: number; readonly frame: ServerFrame };

/** Of one connection of one client, from its connect to its end. */
export type ConnectionRecord = {
  /** Of the client; several connections one after the other, or two that share a name. */
  readonly client: number;
  /** Position of its conversation. */
  readonly conversation: number;
  /** The stream's name. */
  readonly name: string;
  readonly gateway: string;
  readonly openedMs: number;
  /** Whether it came back with a cursor. */
  readonly resumed: boolean;
  readonly heard: Heard[];
  /** What the protocol's invariants found, as `Invariants` says it. */
  readonly broken: readonly string[];
  /** Texts that it sent, in order. */
  readonly sent: string[];
  end: { readonly atMs: number; readonly code: number; readonly reason: string } | null;
};

export type FaultRecord = { readonly atMs: number; readonly what: string };

/** A conversation as the run ends: what the broker says, and who is there. */
export type Outcome = {
  readonly conversation: number;
  /** Stream ids that inspect lists. */
  readonly listed: readonly string[];
  /** Those of the open connections. */
  readonly open: readonly string[];
  /** Connections whose reader has another roster, or did not hear the last words of others. */
  readonly deaf: readonly string[];
  /** What the log holds, for a conversation with replay: `stream seq` and data, in order. */
  readonly kept: readonly { readonly id: string; readonly data: string }[] | null;
};

export type History = {
  readonly connections: readonly ConnectionRecord[];
  readonly faults: readonly FaultRecord[];
  readonly outcomes: readonly Outcome[];
  /** Subscriptions of the gateways to the store after everybody has left, and their streams. */
  readonly leftOver: { readonly channels: number; readonly streams: number } | null;
  /** Whether the store may have forgotten what it acknowledged: a failover to a replica. */
  readonly storeForgets: boolean;
};

/** The text of a token: who says it, so that any reader's checker knows. */
export function wordOf(conversation: number, name: string, sender: string, n: number): string {
  return `${conversation}|${name}|${sender}|${n}`;
}

export function readWord(data: string) {
  const [conversation, name, sender, n] = data.split("|");
  return { conversation: Number(conversation), name, sender, n: Number(n) };
}
