/** One request to read: its bounds, its seat, its place. */

import type { Peer } from "@ams/client";
import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { EVENTS_DEFAULT, EVENTS_MAX, WAIT_MS_MAX } from "../limits.ts";
import type {
  MessagesRequest,
  Reading,
  Received,
  ReceivedMessages,
  RecvRequest,
} from "../sessions/requests.ts";
import { type Room, reach, sit } from "../sessions/sit.ts";
import type { Place } from "./buffer.ts";
import { readMessages } from "./read-messages.ts";
import { readFrom } from "./reading.ts";
import { type Awaited, receive } from "./receive.ts";
import type { Seat } from "./seat.ts";

export async function recv(room: Room, request: RecvRequest): Promise<Result<Received>> {
  const { maxEvents = EVENTS_DEFAULT } = request;
  if (!isWithin(maxEvents, 1, EVENTS_MAX)) return failure("invalid_max_events");
  const received = await receiveBy(room, request, (seat, place) => {
    const read = readFrom(seat, place, maxEvents);
    const isEmpty = read.events.length === 0;
    return { ...read, isAwaited: !isEmpty, isEmpty, againMs: Number.POSITIVE_INFINITY };
  });
  if (!received.ok) return received;
  const { seat, read } = received;
  room.counters.add("events_received", read.events.length);
  return { ok: true, ...outcomeOf(seat, read), events: read.events };
}

/** The same as messages: see `MessagesRequest`. */
export async function recvMessages(
  room: Room,
  request: MessagesRequest,
): Promise<Result<ReceivedMessages>> {
  const { until, charactersMax, kinds } = request;
  const options = { until, charactersMax, kinds };
  const received = await receiveBy(room, request, (seat, place, now) =>
    readMessages(seat, place, options, now),
  );
  if (!received.ok) return received;
  const { seat, read } = received;
  const { entries, presence } = read;
  room.counters.add("events_received", entries.length);
  return { ok: true, ...outcomeOf(seat, read), entries, presence, peers: peersOf(seat) };
}

type Look<Found> = (seat: Seat, place: Place, now: number) => Found;

async function receiveBy<Found extends Awaited>(
  room: Room,
  request: Reading,
  look: Look<Found>,
): Promise<Result<{ readonly seat: Seat; readonly read: Found }>> {
  const { cursor, signal, waitMs = 0 } = request;
  if (!isWithin(waitMs, 0, WAIT_MS_MAX)) return failure("invalid_wait");
  const seated = await sit(room, request, {
    presumes: true,
    where: ({ places, buffer }) =>
      cursor === undefined ? places.at : places.placeOf(cursor, buffer.end),
  });
  if (!seated.ok) return seated;
  const { seat } = seated;
  const place = cursor === undefined ? null : seated.place;
  const reached = await reach(room, seated, {}, signal);
  // What was heard before the seat went off the wire can still be read.
  const canRead = readFrom(seat, place ?? seat.places.at, 1).events.length > 0;
  if (!reached.ok && (reached.fault === "aborted" || !canRead)) return reached;
  const { state, clock } = room;
  const read = (at: Place, now: number) => look(seat, at, now);
  const received = await receive({ seat, state, place, waitMs, signal, clock, read });
  return received.ok ? { ok: true, seat, read: received.read } : received;
}

type Read = Awaited & { readonly truncated: boolean; readonly dropped: number };

function outcomeOf(seat: Seat, { after, truncated, dropped }: Read) {
  const nextCursor = seat.places.cursorOf(after);
  const more = seat.buffer.countFrom(after) > 0;
  return { ...seat.named(), nextCursor, truncated, dropped, more };
}

/** By stream id: for the names that they call themselves. */
function peersOf({ line }: Seat): ReadonlyMap<string, Peer> {
  return line.connection?.peers ?? new Map();
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
