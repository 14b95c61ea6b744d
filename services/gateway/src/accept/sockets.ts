/**
 * What the rest of the gateway sees of the WebSocket library: sockets that frames are sent to, and
 * topics that frames are published on. Only `uws.ts` and those who use it know which library it is.
 */
import type { CloseReason } from "@ams/protocol";

/** Who may publish: `count` says how many will hear it, for the metrics. */
export interface Sockets {
  publish(topic: string, frame: Uint8Array | string, count: number): void;
}

/**
 * One accepted socket: what it publishes reaches the topic's subscribers except itself. After its
 * end every call is a no-op.
 */
export interface Socket extends Sockets {
  /** Sends a frame to this socket alone, behind whatever was published to it before. */
  send(frame: string): void;
  /** The same for several, in as few writes as possible. */
  sendAll(frames: readonly (Uint8Array | string)[]): void;
  /** Bytes that were sent and not read yet. */
  buffered(): number;
  subscribe(topic: string): void;
  /** Closes it with the code of this reason (§6), behind what was sent. */
  end(reason: CloseReason): void;
}

/** Events of a socket, as its owner receives them. */
export interface SocketOwner {
  /** The socket is its owner's from this moment. */
  opened(socket: Socket): void;
  /** The bytes are good until this returns. */
  received(frame: ArrayBuffer, isBinary: boolean): void;
  /** The socket has read something of what was unsent. */
  drained?(): void;
  /**
   * Called once, when the socket is gone or is given up: nothing reaches it or comes from it any
   * more.
   */
  gone(): void;
}

/** A connect that waits for its answer. Answering after the client has gone does nothing. */
export interface PendingConnect {
  /**
   * Hands the socket over, and whatever its client has sent already, all before it returns. False
   * when the client has gone.
   */
  accept(owner: SocketOwner): boolean;
  /** Closes the socket with this reason: a refusal is never an HTTP error. */
  refuse(reason: CloseReason): void;
  readonly gone: boolean;
}
