/** Shows a program the frames of a connection as they are on the wire, both ways. */
import { callSafely } from "../call-safely.ts";
import type { OpenSocket } from "./socket.ts";

/**
 * `text` is one whole frame, as it came or went (§4.1). No frame holds a credential or a link
 * token.
 */
export type OnFrame = (direction: "in" | "out", text: string) => void;

/**
 * Sockets whose every frame is shown: what comes before it is read, what goes when the socket has
 * taken it.
 */
export function observed(open: OpenSocket, onFrame: OnFrame): OpenSocket {
  const show: OnFrame = (direction, text) => callSafely(() => onFrame(direction, text));
  return (url, protocols, events) =>
    open(url, protocols, {
      message: (text) => {
        show("in", text);
        events.message(text);
      },
      sent: (text) => show("out", text),
      closed: events.closed,
    });
}
