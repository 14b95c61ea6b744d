/** Who is here, in memory: it ends with the process, as do the sockets. */
import type { AccountId, StreamName } from "@ams/protocol";
import type { QuotaSlotKind } from "../directory.ts";
import type { ConnectionId, GatewayId, RosterEntry } from "../records.ts";
import type { UsageRates } from "../usage.ts";

export type Roster = {
  readonly live: Map<StreamName, RosterEntry>;
  /** The last epoch of streams that left, the latest at the end. */
  readonly departed: Map<StreamName, number>;
  /** The highest epoch among departed streams that were forgotten, 0 before any was. */
  departedFloor: number;
  /** The latest time at which a stream of it left, ISO; empty before any did. */
  leftAt: string;
};

export type Holder = { readonly gateway: GatewayId; readonly connection: ConnectionId };

/** By account, then by `<conv>/<stream>`; never an empty list. */
export type QuotaSlots = Map<AccountId, Map<string, readonly Holder[]>>;

/** The last hand-in of a source: its number, its time in Unix ms, and the rates then. */
export type UsageSource = {
  readonly seq: number;
  readonly atMs: number;
  readonly rates: UsageRates;
};

export type Here = {
  /** By `<ns>/<alias>`. */
  readonly rosters: Map<string, Roster>;
  readonly slots: Readonly<Record<QuotaSlotKind, QuotaSlots>>;
  /** By account, then by who handed in what it used. */
  readonly sources: Map<AccountId, Map<string, UsageSource>>;
  /** By gateway: the time at which its lease ends, in milliseconds of `performance.now`. */
  readonly leases: Map<GatewayId, number>;
  /** When each limit was reported last, Unix ms, the latest at the end. */
  readonly reported: Map<string, number>;
  /** By gateway, until a time of `performance.now`. */
  readonly reports: Map<GatewayId, { readonly report: string; readonly endMs: number }>;
};

export function nobodyHere(): Here {
  return {
    rosters: new Map(),
    slots: { stream: new Map(), guest: new Map() },
    leases: new Map(),
    sources: new Map(),
    reported: new Map(),
    reports: new Map(),
  };
}

/** The roster of this conversation, made when there is none. */
export function rosterAt(here: Here, key: string): Roster {
  const roster = here.rosters.get(key) ?? emptyRoster();
  here.rosters.set(key, roster);
  return roster;
}

function emptyRoster(): Roster {
  return { live: new Map(), departed: new Map(), departedFloor: 0, leftAt: "" };
}

export function isHolder(one: Holder, other: Holder): boolean {
  return one.gateway === other.gateway && one.connection === other.connection;
}
