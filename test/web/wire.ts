/** A subscriber over a plain WebSocket that keeps every frame as it came. */
import { once } from "node:events";
import WebSocket from "ws";

export type Wire = {
  readonly frames: readonly string[];
  readonly token: (data: string) => void;
  readonly send: (frame: object) => void;
  /** Resolves with the first frame, past or coming, that the test accepts. */
  readonly frame: (accepts: (frame: string) => boolean) => Promise<string>;
  readonly close: () => void;
};

export type WireOptions = {
  readonly peerIdentity?: object;
  readonly metadata?: object;
};

/** Joins as a guest and resolves when it is in. */
export async function joinByWire(
  link: string,
  streamName: string,
  { peerIdentity, metadata }: WireOptions = {},
): Promise<Wire> {
  const url = new URL(link);
  url.protocol = "ws:";
  url.pathname += "/connect";
  url.searchParams.set("stream_name", streamName);
  if (peerIdentity !== undefined) url.searchParams.set("peer_identity", base64url(peerIdentity));
  if (metadata !== undefined) url.searchParams.set("stream_metadata", base64url(metadata));
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"]);
  const frames: string[] = [];
  socket.on("message", (data) => {
    frames.push(String(data));
    socket.emit("frame");
  });
  const wire: Wire = {
    frames,
    token: (data) => socket.send(JSON.stringify({ type: "token", data })),
    send: (frame) => socket.send(JSON.stringify(frame)),
    frame: async (accepts) => {
      for (;;) {
        const found = frames.find(accepts);
        if (found !== undefined) return found;
        await once(socket, "frame");
      }
    },
    close: () => socket.close(),
  };
  await wire.frame((frame) => frame.startsWith('{"type":"joined"'));
  return wire;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
