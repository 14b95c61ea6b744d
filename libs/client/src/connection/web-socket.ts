/** The WebSocket that browsers, Bun, Deno and Node 22 have of their own. */
import { type OpenSocket, socketOver } from "./socket.ts";

/** Opens with the global WebSocket, which is looked up at each call: a page may replace it. */
export const openWebSocket: OpenSocket = (url, protocols, events) =>
  socketOver(new WebSocket(url, [...protocols]), events);
