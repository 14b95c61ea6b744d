/** Who is in a conversation now, by a seat in it or by a link to it. */
import type { Result } from "./contract.ts";
import { failure } from "./faults.ts";
import type { Roster, Target } from "./requests.ts";
import { type Room, reach, unlessAborted } from "./sit.ts";
import { find } from "./target.ts";

export async function roster(room: Room, target: Target): Promise<Result<Roster>> {
  const found = await unlessAborted(find(room, target), target.signal);
  if (!found.ok) return found;
  const { conversationId, link, seat } = found;
  const inside = seat?.line.connection ?? null;
  if (seat !== null && inside !== null) {
    const peers = [...inside.peers.values()];
    return { ok: true, conversationId, streamName: seat.streamName, peers };
  }
  if (link !== null) return { ok: true, conversationId, streamName: null, peers: link.streams };
  if (seat === null) return failure("not_joined");
  const reached = await reach(room, { seat, link }, {}, target.signal);
  if (!reached.ok) return reached;
  const peers = [...reached.connection.peers.values()];
  return { ok: true, conversationId, streamName: seat.streamName, peers };
}
