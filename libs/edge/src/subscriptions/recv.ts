/** One request to read: its bounds, its subscription, its position. */

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
import { type Context, reach, subscribe } from "../sessions/subscribe.ts";
import type { Position } from "./buffer.ts";
import { readMessages } from "./read-messages.ts";
import { readFrom } from "./reading.ts";
import { type Awaited, receive } from "./receive.ts";
import type { Subscription } from "./subscription.ts";

export async function recv(context: Context, request: RecvRequest): Promise<Result<Received>> {
  const { maxEvents = EVENTS_DEFAULT } = request;
  if (!isWithin(maxEvents, 1, EVENTS_MAX)) return failure("invalid_max_events");
  const received = await receiveBy(context, request, (subscription, position) => {
    const read = readFrom(subscription, position, maxEvents);
    const isEmpty = read.events.length === 0;
    return { ...read, isAwaited: !isEmpty, isEmpty, againMs: Number.POSITIVE_INFINITY };
  });
  if (!received.ok) return received;
  const { subscription, read } = received;
  context.counters.add("events_received", read.events.length);
  return { ok: true, ...outcomeOf(subscription, read), events: read.events };
}

/** The same as messages: see `MessagesRequest`. */
export async function recvMessages(
  context: Context,
  request: MessagesRequest,
): Promise<Result<ReceivedMessages>> {
  const { until, charactersMax, kinds } = request;
  const options = { until, charactersMax, kinds };
  const received = await receiveBy(context, request, (subscription, position, now) =>
    readMessages(subscription, position, options, now),
  );
  if (!received.ok) return received;
  const { subscription, read } = received;
  const { entries, presence } = read;
  context.counters.add("events_received", entries.length);
  return {
    ok: true,
    ...outcomeOf(subscription, read),
    entries,
    presence,
    peers: peersOf(subscription),
  };
}

type Look<Found> = (subscription: Subscription, position: Position, now: number) => Found;

async function receiveBy<Found extends Awaited>(
  context: Context,
  request: Reading,
  look: Look<Found>,
): Promise<Result<{ readonly subscription: Subscription; readonly read: Found }>> {
  const { cursor, signal, waitMs = 0 } = request;
  if (!isWithin(waitMs, 0, WAIT_MS_MAX)) return failure("invalid_wait");
  const subscribed = await subscribe(context, request, {
    presumes: true,
    where: ({ positions, buffer }) =>
      cursor === undefined ? positions.at : positions.positionOf(cursor, buffer.end),
  });
  if (!subscribed.ok) return subscribed;
  const { subscription } = subscribed;
  const reached = await reach(context, subscribed, {}, signal, { cursor });
  const { positions, buffer } = subscription;
  const given = cursor === undefined ? null : positions.positionOf(cursor, buffer.end);
  const position = cursor === undefined ? null : (given ?? subscribed.position);
  // What was heard before the subscription went off the wire can still be read.
  const canRead =
    readFrom(subscription, position ?? subscription.positions.at, 1).events.length > 0;
  if (!reached.ok && (reached.fault === "aborted" || !canRead)) return reached;
  const { state, clock } = context;
  const read = (at: Position, now: number) => look(subscription, at, now);
  const received = await receive({ subscription, state, position, waitMs, signal, clock, read });
  return received.ok ? { ok: true, subscription, read: received.read } : received;
}

type Read = Awaited & { readonly truncated: boolean; readonly dropped: number };

function outcomeOf(subscription: Subscription, { after, truncated, dropped }: Read) {
  const nextCursor = subscription.positions.cursorOf(after);
  const more = subscription.buffer.countFrom(after) > 0;
  return { ...subscription.named(), nextCursor, truncated, dropped, more };
}

/** By stream id: for the names that they call themselves. */
function peersOf({ wire }: Subscription): ReadonlyMap<string, Peer> {
  return wire.connection?.peers ?? new Map();
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
