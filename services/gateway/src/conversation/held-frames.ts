/**
 * What waits for a socket whose `joined` is still being sent. A large roster alone can pass the
 * backpressure limit, and the library would drop the next frame for a reader that has done nothing
 * wrong (§5.7). Until `joined` has left, the socket is on no topic of the library; the frames of
 * its topics wait here, within the same limit.
 */

/** Bytes that a waiting frame costs beside its own. */
const FRAME_COST_BYTES = 64;

export class HeldFrames {
  readonly topics = new Set<string>();
  readonly #limitBytes: number;
  #frames: (Uint8Array | string)[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Keeps a copy; false when that is too much. */
  keep(frame: Uint8Array | string): boolean {
    this.#bytes += frame.length + FRAME_COST_BYTES;
    if (this.#bytes > this.#limitBytes) return false;
    this.#frames.push(typeof frame === "string" ? frame : Buffer.from(frame));
    return true;
  }

  /** All of them, in order; nothing is kept any more. */
  take(): readonly (Uint8Array | string)[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}

/** A socket for which frames are held. */
export interface Holding {
  /** Keeps the frame if the socket is on this topic. */
  hold(topic: string, frame: Uint8Array | string): void;
}

/** All of them of one gateway: few, and most of the time none. */
export class HeldSockets {
  readonly #sockets = new Set<Holding>();

  add(socket: Holding): void {
    this.#sockets.add(socket);
  }

  delete(socket: Holding): void {
    this.#sockets.delete(socket);
  }

  /** A frame is published on a topic, to all but one of its sockets. */
  published(topic: string, frame: Uint8Array | string, except: Holding | null): void {
    if (this.#sockets.size === 0) return;
    for (const socket of this.#sockets) if (socket !== except) socket.hold(topic, frame);
  }
}
