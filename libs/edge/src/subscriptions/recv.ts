/** One request to read: its bounds, its seat, its place. */

import { type Fault, failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import { EVENTS_DEFAULT, EVENTS_MAX, WAIT_MS_MAX } from "../limits.ts";
import type { Received, RecvRequest } from "../sessions/requests.ts";
import { type Room, reach, sit } from "../sessions/sit.ts";
import { readFrom } from "./reading.ts";
import { receive } from "./receive.ts";

export async function recv(room: Room, request: RecvRequest): Promise<Result<Received>> {
  const { cursor, signal, waitMs = 0, maxEvents = EVENTS_DEFAULT } = request;
  const outOfBounds = boundsFault(waitMs, maxEvents);
  if (outOfBounds !== null) return failure(outOfBounds);
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
  const eventsMax = maxEvents;
  const received = await receive({ seat, state, place, waitMs, eventsMax, signal, clock });
  if (!received.ok) return received;
  const { events, after, truncated, dropped } = received.read;
  room.counters.add("events_received", events.length);
  return {
    ok: true,
    ...seat.named(),
    events,
    nextCursor: seat.places.cursorOf(after),
    truncated,
    dropped,
    more: seat.buffer.countFrom(after) > 0,
  };
}

function boundsFault(waitMs: number, maxEvents: number): Fault | null {
  const isWithin = (value: number, min: number, max: number) =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  if (!isWithin(waitMs, 0, WAIT_MS_MAX)) return "invalid_wait";
  return isWithin(maxEvents, 1, EVENTS_MAX) ? null : "invalid_max_events";
}
