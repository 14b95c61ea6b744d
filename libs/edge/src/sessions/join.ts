/**
 * A join: the only call that comes back after a leave, takes over, or says where reading begins.
 */
import type { Connection } from "@ams/client";
import { type Fault, failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import type { Position } from "../subscriptions/buffer.ts";
import { type Give, handOver } from "../subscriptions/hand-over.ts";
import { lastMessages } from "../subscriptions/last-messages.ts";
import type { Subscription } from "../subscriptions/subscription.ts";
import type { Wishes } from "../subscriptions/wire-connection.ts";
import type { Joined, JoinRequest } from "./requests.ts";
import { type Context, reach, subscribe } from "./subscribe.ts";

export async function join(context: Context, request: JoinRequest): Promise<Result<Joined>> {
  const { since, lastN = 1, signal, takeOver = false, toListen = false, newStreamName } = request;
  if (!Number.isSafeInteger(lastN) || lastN < 1) return failure("invalid_max_events");
  const where = (subscription: Subscription) => positionFor(subscription, request);
  const client = request.peerIdentity?.client;
  const presumes = toListen || since !== undefined;
  const how = { explicit: !toListen, presumes, takeOver, where, client, newStreamName };
  const subscribed = await subscribe(
    context,
    since === undefined ? request : { ...request, cursor: since },
    how,
  );
  if (!subscribed.ok) return subscribed;
  const { subscription } = subscribed;
  const { wire } = subscription;
  const wasKnown = wire.joined !== null;
  const bringsNews = wire.connection === null && !wire.dialling;
  const wishes = wishesOf(request);
  const wanted = { wishes, cursor: since, lastN: request.lastN };
  const reached = await reach(context, subscribed, how, signal, wanted);
  if (!reached.ok) return reached;
  const { connection } = reached;
  const fault = bringsNews
    ? null
    : await announceMetadata(context, subscription, connection, request);
  if (fault !== null) return failure(fault);
  // Who didn't say where to read goes on where reading is by now.
  if (request.since !== undefined || request.lastN !== undefined)
    subscription.positions.at = where(subscription) ?? subscribed.position;
  return { ok: true, ...joined(subscription, connection, wasKnown) };
}

/** Where reading goes on; null for a cursor of somewhere else. */
function positionFor(
  { buffer, positions }: Subscription,
  { since, lastN }: JoinRequest,
): Position | null {
  if (since !== undefined) return positions.positionOf(since, buffer.end);
  if (lastN === undefined) return positions.at;
  return { next: buffer.first + lastMessages(buffer.all, lastN), unsure: false };
}

function wishesOf({ streamMetadata, peerIdentity, selfSubscribe }: JoinRequest): Wishes {
  return {
    ...(streamMetadata === undefined ? {} : { streamMetadata }),
    ...(peerIdentity === undefined ? {} : { peerIdentity }),
    ...(selfSubscribe === undefined ? {} : { selfSubscribe }),
  };
}

/** A subscription that is live is given new metadata here; a dial carries it by itself. */
async function announceMetadata(
  { clock }: Context,
  subscription: Subscription,
  connection: Connection,
  { streamMetadata, signal }: JoinRequest,
): Promise<Fault | null> {
  if (streamMetadata === undefined) return null;
  const give: Give = (to, limit) => to.setMetadata(streamMetadata, { signal: limit });
  const handed = await handOver(clock, subscription, connection, give, signal);
  if (handed === "unsent") return "unavailable";
  return handed.ok ? null : handed.fault;
}

function joined(subscription: Subscription, connection: Connection, wasKnown: boolean): Joined {
  const { conversationId, streamName, positions, wire } = subscription;
  return {
    conversationId,
    streamId: connection.streamId,
    streamName,
    handle: subscription.handle,
    ownerAccountId: connection.ownerAccountId,
    metadata: connection.metadata,
    selfSubscribe: wire.joined?.selfSubscribe ?? false,
    peers: [...connection.peers.values()],
    conversationMetadata: connection.conversationMetadata,
    cursor: positions.cursorOf(positions.at),
    resumed: wasKnown || (wire.joined?.resumed ?? false),
    truncated: positions.at.unsure,
  };
}
