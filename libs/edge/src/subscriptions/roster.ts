/** Who is in a conversation now, by a seat in it or by a link to it. */
import type { Connection } from "@ams/client";
import { failure } from "../checks/faults.ts";
import type { Result } from "../contract.ts";
import type { Roster, Target } from "../sessions/requests.ts";
import { type Room, reach, unlessAborted } from "../sessions/sit.ts";
import type { Seat } from "./seat.ts";
import { find } from "./target.ts";

export async function roster(room: Room, target: Target): Promise<Result<Roster>> {
  const found = await unlessAborted(find(room, target), target.signal);
  if (!found.ok) return found;
  const { conversationId, link, seat } = found;
  const inside = seat?.line.connection ?? null;
  if (seat !== null && inside !== null) return seen(seat, inside);
  if (link !== null) {
    const { namespace, alias, metadata: conversationMetadata, streams: peers } = link;
    const named = { conversationId, namespace, alias, streamName: null };
    return { ok: true, ...named, peers, conversationMetadata };
  }
  if (seat === null) return failure("not_joined");
  const reached = await reach(room, { seat, link }, {}, target.signal);
  return reached.ok ? seen(seat, reached.connection) : reached;
}

/** As the seat's own connection knows it. */
function seen(seat: Seat, { peers, conversationMetadata }: Connection): Result<Roster> {
  const { conversationId, streamName, line } = seat;
  const { namespace = "", alias = "" } = line.link ?? {}; // It has been dialled by one.
  const named = { conversationId, namespace, alias, streamName };
  return { ok: true, ...named, peers: [...peers.values()], conversationMetadata };
}
