/**
 * The WebSocket for Node: that of the `ws` package, also on Node 22 and later, which have one of
 * their own. So every Node behaves the same, and a connection that is dead can be dropped without
 * waiting for a closing handshake.
 */
import type { Socket as NetSocket } from "node:net";
import { WebSocket } from "ws";
import { type OpenSocket, socketOver } from "./socket.ts";

/** Bytes of one message that is read: a `joined` with a large roster stays far below it. */
const MESSAGE_BYTES_MAX = 67_108_864;

export const openSocket: OpenSocket = openSocketFrom();

/**
 * `localAddress`: the address of this machine to connect from; the system's choice unless given.
 */
export function openSocketFrom(localAddress?: string): OpenSocket {
  return (url, protocols, events) => open(url, protocols, events, localAddress);
}

function open(
  url: string,
  protocols: readonly string[],
  events: Parameters<OpenSocket>[2],
  localAddress: string | undefined,
): ReturnType<OpenSocket> {
  const webSocket = new WebSocket(url, [...protocols], {
    perMessageDeflate: false, // None is negotiated (§3.1.2).
    maxPayload: MESSAGE_BYTES_MAX,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  let connection: NetSocket | null = null;
  webSocket.once("upgrade", ({ socket }) => {
    connection = socket;
  });
  return socketOver(Object.assign(webSocket, { gather: () => gather(connection) }), events);
}

/** One write to the system per frame would be a third of the CPU of a sender in a hurry. */
function gather(connection: NetSocket | null): void {
  if (connection === null || connection.writableCorked > 0) return;
  connection.cork();
  setImmediate(() => connection.uncork());
}
