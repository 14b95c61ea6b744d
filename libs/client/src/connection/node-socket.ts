/**
 * The WebSocket for Node: that of the `ws` package, also on Node 22 and later, which have one of their own. So every Node
 * behaves the same, and a connection that is dead can be dropped without waiting for a closing handshake.
 */
import { WebSocket } from "ws";
import { type OpenSocket, openWith } from "./socket.ts";

/** Bytes of one message that is read: a `joined` with a large roster stays far below it. */
const MESSAGE_BYTES_MAX = 67_108_864;

export const openSocket: OpenSocket = openWith(
  (url, protocols) =>
    new WebSocket(url, protocols, {
      perMessageDeflate: false, // None is negotiated (§3.1.2).
      maxPayload: MESSAGE_BYTES_MAX,
    }),
);
