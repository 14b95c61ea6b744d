/** Joining a conversation by its magic link. */

import { throwIfAborted } from "../abort.ts";
import { checkOptions } from "../arguments.ts";
import { control } from "../later.ts";
import { SEND_BUFFER_BYTES } from "../sending/outbox.ts";
import type { Connection } from "./connection.ts";
import { JOIN_OPTIONS, type JoinOptions, RECONNECT_FOR_MS, wishesOf } from "./join-options.ts";
import { readLink } from "./link.ts";
import { LiveConnection } from "./live-connection.ts";
import { observed } from "./observe.ts";
import type { OpenSocket } from "./socket.ts";
import { TIMING, type Timing } from "./timing.ts";

export type Join = (magicLink: string, options?: JoinOptions) => Promise<Connection>;

/** `join` over one kind of WebSocket. */
export async function joinOver(
  open: OpenSocket,
  magicLink: string,
  options: JoinOptions = {},
  timing: Timing = TIMING,
): Promise<Connection> {
  checkOptions(options, JOIN_OPTIONS);
  const { signal, onFrame } = options;
  throwIfAborted(signal);
  const link = readLink(magicLink);
  const connection = new LiveConnection({
    open: onFrame === undefined ? open : observed(open, onFrame),
    timing,
    wishes: wishesOf(link, options),
    signal,
    reconnectForMs: options.reconnectForMs ?? RECONNECT_FOR_MS,
    sendBufferBytes: options.sendBufferBytes ?? SEND_BUFFER_BYTES,
    diagnose: async () => {
      const { diagnose } = await control(signal);
      return await diagnose(link.baseUrl, { signal, timeoutMs: timing.diagnoseMs });
    },
  });
  await connection.start();
  return connection;
}
