/** Commands that are sent in one turn of the event loop leave in one system call, in their order and no later than before. */
import type { Redis } from "ioredis";

/**
 * By itself the client writes each command to its socket at once: a dozen microseconds of kernel time for each, which is most of
 * what a command costs here. The socket is held back from a turn's first command to the end of that turn.
 */
export function gatherWrites(client: Redis): void {
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command, stream) => {
    const socket = openSocket(client);
    if (socket !== null && socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return send(command, stream);
  };
}

/** The types say that there always is one. */
function openSocket({ stream }: { readonly stream?: Redis["stream"] }): Redis["stream"] | null {
  return stream?.writable ? stream : null;
}
