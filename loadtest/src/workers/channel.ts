/**
 * The connection between a run and a worker on another machine: TLS with the one-time token as its
 * pre-shared key, which proves both ends to each other and keeps links and credentials secret; in
 * it one JSON message a line.
 */
import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** Characters of one message: how far 100,000 streams go is 10 MB. */
const MESSAGE_CHARACTERS_MAX = 67_108_864;

/**
 * The only cipher of both ends: with forward secrecy, so that a token that leaks later is no use.
 */
export const TLS = {
  ciphers: "ECDHE-PSK-CHACHA20-POLY1305",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
} as const;
export const IDENTITY = "ams-load";

/** 32 bytes. */
export function keyOf(token: string): Buffer {
  return createHash("sha256").update(`ams load worker ${token}`).digest();
}

export type Channel = {
  readonly send: (message: object) => void;
  readonly end: () => void;
};

/** `pass` gets each message, `ended` is called once. What is no JSON ends the connection. */
export function openChannel(
  socket: TLSSocket,
  pass: (message: unknown) => void,
  ended: () => void,
): Channel {
  let rest = "";
  socket.setNoDelay(true);
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MESSAGE_CHARACTERS_MAX) socket.destroy();
    for (const line of lines) {
      const message = parsed(line);
      if (message === undefined) socket.destroy();
      else pass(message);
    }
  });
  socket.on("error", () => undefined); // Its close follows.
  socket.once("close", ended);
  return {
    send: (message) => {
      if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
    },
    end: () => socket.end(),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
