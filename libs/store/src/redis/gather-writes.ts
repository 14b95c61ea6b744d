/**
 * Commands that are sent in one turn of the event loop leave in one system call, in their order.
 */
import type { Redis } from "ioredis";

/**
 * They waited for the end of a turn before they were sent (the gateway's relay), and wait for no
 * other one.
 */
const PROMPT: ReadonlySet<string> = new Set(["publish", "spublish"]);

/**
 * By itself the client writes each command to its socket at once: a dozen microseconds of kernel
 * time for each, which is most of what a command costs here. The socket is held back until
 * everything that the turn found ready has been looked at; a publish goes, with all that waits
 * before it, after the callback that sends it.
 */
export function gatherWrites(client: Redis): void {
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command, stream) => {
    const socket = openSocket(client);
    if (socket !== null) hold(socket, PROMPT.has(command.name));
    return send(command, stream);
  };
}

/** Uncorking what is no longer corked does nothing. */
function hold(socket: Redis["stream"], prompt: boolean): void {
  const isFirst = socket.writableCorked === 0;
  if (isFirst) socket.cork();
  if (prompt) process.nextTick(() => socket.uncork());
  else if (isFirst) setImmediate(() => socket.uncork());
}

/** The types say that there always is one. */
function openSocket({ stream }: { readonly stream?: Redis["stream"] }): Redis["stream"] | null {
  return stream?.writable ? stream : null;
}
