/**
 * Checks what is so at one moment, across all processes: 10 s after the last fault, and when
 * everybody has left.
 */
import { CONVERSATIONS } from "./cast.ts";
import type { Connection } from "./connection.ts";
import type { SimulatedSocket } from "./port.ts";
import type { Violation, ViolationKind } from "./violation.ts";
import type { World } from "./world.ts";

type Held = {
  readonly socket: SimulatedSocket;
  readonly stream: string;
  readonly connection: string;
};

/** `rosters`: the streams that each open connection knows to be there. */
export function checkWorld(
  world: World,
  rosters: ReadonlyMap<Connection, ReadonlySet<string>>,
): readonly Violation[] {
  const violations: Violation[] = [];
  const found = (kind: ViolationKind, what: string, connection: number | null = null) =>
    violations.push({ kind, what, connection });
  for (const what of world.errors) found("error", what);
  for (const node of world.nodes) {
    const waits = world.scheduler.as(node.process, () =>
      node.gateway === null ? "not started" : node.gateway.notReady(),
    );
    if (waits !== null) found("not_ready", `${node.process.name}: ${waits}`);
  }
  for (const connection of world.connections) {
    const { number, client } = connection.deps;
    const { claimed } = connection.deps.truth;
    const isDisplaced = connection.close?.reason === "stream_displaced";
    if (
      isDisplaced &&
      (claimed.get(connection.joined?.frame.stream_name ?? "") ?? 0) <= connection.epoch &&
      connection.joined
    )
      found("false_displaced", `c${number} (client ${client}): epoch ${connection.epoch}`, number);
    if (connection.joined === null && connection.endedAtMs === null)
      found("unanswered", `c${number} (client ${client})`, number);
  }
  for (const number of CONVERSATIONS.keys()) checkConversation(world, number, rosters, found);
  return violations;
}

type Found = (kind: ViolationKind, what: string, connection?: number | null) => void;

function checkConversation(
  world: World,
  number: number,
  rosters: ReadonlyMap<Connection, ReadonlySet<string>>,
  found: Found,
): void {
  const held = heldIn(world, number);
  const byStream = new Map<string, Held>();
  for (const one of held) {
    const other = byStream.get(one.stream);
    byStream.set(one.stream, one);
    const { deps } = one.socket.connection;
    if (other !== undefined)
      found(
        "two_holders",
        `${one.stream}: c${other.socket.connection.deps.number} and c${deps.number}`,
        deps.number,
      );
    if (deps.truth.closed) found("outlived", `c${deps.number}: deleted`, deps.number);
    const link = one.socket.session?.stream.entry.link ?? 0;
    if (link <= deps.truth.revokedUpTo) found("outlived", `c${deps.number}: link`, deps.number);
  }
  const { conversation } = CONVERSATIONS[number] ?? {};
  const key = `${conversation?.namespace}/${conversation?.alias}`;
  const live = [...(world.server.directory.store.here.rosters.get(key)?.live.values() ?? [])];
  const inDirectory = live.map((entry) => `${entry.stream_id} ${entry.connection}`);
  const inGateways = held.map((one) => `${one.stream} ${one.connection}`);
  if (!isSame(inDirectory, inGateways))
    found("directory_differs", `directory [${inDirectory}] gateways [${inGateways}]`);
  const streams = [...new Set(held.map((one) => one.stream))];
  for (const one of held) {
    const { connection } = one.socket;
    const roster = [...(rosters.get(connection) ?? [])];
    const number = connection.deps.number;
    if (!isSame(roster, streams))
      found("roster_differs", `c${number} knows [${roster}] there are [${streams}]`, number);
  }
}

/** The same members, in any order; neither holds one twice unless something is wrong. */
function isSame(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return some.length === others.length && some.every((one) => known.has(one));
}

function heldIn(world: World, conversation: number): readonly Held[] {
  const sockets = world.nodes.flatMap((node) => [...(node.port?.sockets ?? [])]);
  return sockets.flatMap((socket) => {
    const { session } = socket;
    if (session === null || socket.connection.deps.conversation !== conversation) return [];
    const { stream_id, connection } = session.stream.entry;
    return [{ socket, stream: stream_id, connection }];
  });
}

/** When every client has left: nothing may be held for anybody. */
export function checkEmpty(world: World): readonly Violation[] {
  const violations: Violation[] = [];
  const leaked = (what: string) => violations.push({ kind: "leaked", what, connection: null });
  const { here } = world.server.directory.store;
  for (const [key, { live }] of here.rosters) {
    for (const { stream_name, gateway } of live.values())
      leaked(`stream ${stream_name} of ${key}, gateway ${gateway}`);
  }
  for (const kind of ["stream", "guest"] as const) {
    for (const [account, slots] of here.slots[kind]) {
      for (const [name, holders] of slots)
        leaked(`${kind} quota slot of ${account} for ${name}: ${JSON.stringify(holders)}`);
    }
  }
  for (const node of world.nodes) {
    for (const socket of node.port?.sockets ?? [])
      leaked(`socket of c${socket.connection.deps.number}`);
  }
  return violations;
}
