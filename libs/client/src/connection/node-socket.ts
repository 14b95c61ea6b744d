/** The WebSocket for Node: its own where it has one (from Node 22 on), else that of the `ws` package. */
import { WebSocket as NodeWebSocket } from "ws";
import { type OpenSocket, openWith } from "./socket.ts";
import { openWebSocket } from "./web-socket.ts";

/** Bytes of one message that is read: a `joined` with a large roster stays far below it. */
const MESSAGE_BYTES_MAX = 67_108_864;

const openNodeWebSocket = openWith(
  (url, protocols) =>
    new NodeWebSocket(url, protocols, {
      perMessageDeflate: false, // None is negotiated (§3.1.2).
      maxPayload: MESSAGE_BYTES_MAX,
    }),
);

export const openSocket: OpenSocket = (url, protocols, events) =>
  typeof globalThis.WebSocket === "function"
    ? openWebSocket(url, protocols, events)
    : openNodeWebSocket(url, protocols, events);
