/** How a gateway's index names a stream that it holds: as `HELD_STREAM_LUA` does, byte by byte. */
import type { Where } from "../records.ts";

/** The members that the conversation holds. */
export function heldWhere({ address, conversationId, generation }: Where): string {
  const { namespace, alias } = address;
  return JSON.stringify({ address: { namespace, alias }, conversationId, generation });
}

export function heldStream(where: Where, name: string, connection: string): string {
  const [stream_name, by] = [JSON.stringify(name), JSON.stringify(connection)];
  return `{"kind":"stream","where":${heldWhere(where)},"stream_name":${stream_name},"connection":${by}}`;
}
