/**
 * A guest on the raw wire: a WebSocket and nothing between, as the control of what is built on it.
 */
import { once } from "node:events";
import WebSocket from "ws";

export type PlainWire = {
  readonly emit: (data: string) => void;
  readonly close: () => void;
};

type Heard = { readonly type: string; readonly data?: string };

/** Joins and resolves when it is in; passes on what each token says. */
export async function openPlainWire(
  magicLink: string,
  streamName: string,
  onToken: (data: string) => void = () => undefined,
): Promise<PlainWire> {
  const url = new URL(magicLink);
  url.protocol = "ws:";
  url.pathname += "/connect";
  url.searchParams.set("stream_name", streamName);
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"]);
  socket.on("message", (frame) => {
    const { type, data }: Heard = JSON.parse(String(frame));
    if (type === "token" && data !== undefined) onToken(data);
    else if (type === "joined") socket.emit("joined");
  });
  await once(socket, "joined");
  // Who is cut off hears nothing any more, and that is counted.
  socket.on("error", () => undefined);
  return {
    emit: (data) => socket.send(JSON.stringify({ type: "token", data })),
    close: () => socket.close(),
  };
}
