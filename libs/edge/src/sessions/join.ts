/**
 * A join: the only call that comes back after a leave, takes over, or says where reading begins.
 */
import type { Connection } from "@ams/client";
import { type Fault, failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import type { Place } from "../subscriptions/buffer.ts";
import { type Give, handOver } from "../subscriptions/hand-over.ts";
import type { Wishes } from "../subscriptions/line.ts";
import type { Seat } from "../subscriptions/seat.ts";
import type { Joined, JoinRequest } from "./requests.ts";
import { type Room, reach, sit } from "./sit.ts";

export async function join(room: Room, request: JoinRequest): Promise<Result<Joined>> {
  const { since, lastN = 1, signal, takeOver = false, toListen = false, newStreamName } = request;
  if (!Number.isSafeInteger(lastN) || lastN < 1) return failure("invalid_max_events");
  const where = (seat: Seat) => placeFor(seat, request);
  const client = request.peerIdentity?.client;
  const presumes = toListen || since !== undefined;
  const how = { explicit: !toListen, presumes, takeOver, where, client, newStreamName };
  const seated = await sit(
    room,
    since === undefined ? request : { ...request, cursor: since },
    how,
  );
  if (!seated.ok) return seated;
  const { seat, place } = seated;
  const { line } = seat;
  const wasKnown = line.joined !== null;
  const bringsNews = line.connection === null && !line.dialling;
  const reached = await reach(room, seated, how, signal, wishesOf(request));
  if (!reached.ok) return reached;
  const { connection } = reached;
  const fault = bringsNews ? null : await retell(room, seat, connection, request);
  if (fault !== null) return failure(fault);
  // Who didn't say where to read goes on where reading stands by now.
  if (request.since !== undefined || request.lastN !== undefined) seat.places.at = place;
  return { ok: true, ...joined(seat, connection, wasKnown) };
}

/** Where reading goes on; null for a cursor of somewhere else. */
function placeFor({ buffer, places }: Seat, { since, lastN }: JoinRequest): Place | null {
  if (since !== undefined) return places.placeOf(since, buffer.end);
  if (lastN === undefined) return places.at;
  return { next: Math.max(buffer.first, buffer.end - lastN), unsure: false };
}

function wishesOf({ streamMetadata, peerIdentity, selfSubscribe }: JoinRequest): Wishes {
  return {
    ...(streamMetadata === undefined ? {} : { streamMetadata }),
    ...(peerIdentity === undefined ? {} : { peerIdentity }),
    ...(selfSubscribe === undefined ? {} : { selfSubscribe }),
  };
}

/** A seat that is live already hears of new metadata; a dial brings it along by itself. */
async function retell(
  { clock }: Room,
  seat: Seat,
  connection: Connection,
  { streamMetadata, signal }: JoinRequest,
): Promise<Fault | null> {
  if (streamMetadata === undefined) return null;
  const give: Give = (to, limit) => to.setMetadata(streamMetadata, { signal: limit });
  const told = await handOver(clock, seat, connection, give, signal);
  if (told === "unsent") return "unavailable";
  return told.ok ? null : told.fault;
}

function joined(seat: Seat, connection: Connection, wasKnown: boolean): Joined {
  const { conversationId, streamName, places, line } = seat;
  return {
    conversationId,
    streamId: connection.streamId,
    streamName,
    handle: seat.handle,
    ownerAccountId: connection.ownerAccountId,
    metadata: connection.metadata,
    selfSubscribe: line.joined?.selfSubscribe ?? false,
    peers: [...connection.peers.values()],
    conversationMetadata: connection.conversationMetadata,
    cursor: places.cursorOf(places.at),
    resumed: wasKnown || (line.joined?.resumed ?? false),
    truncated: places.at.unsure,
  };
}
