/** A WebSocket, as this SDK needs it: the same over a browser's, Deno's, Bun's and Node's. */

export type SocketEvents = {
  readonly message: (text: string) => void;
  /** The socket has taken this text. */
  readonly sent?: (text: string) => void;
  /** Once, when the socket has ended or could not be opened. */
  readonly closed: (code: number, reason: string) => void;
};

export interface Socket {
  /** False as soon as it is ending, which may be before `closed`: what is sent then is lost. */
  readonly isOpen: boolean;
  /** Bytes handed over and not yet given to the network. */
  readonly bufferedBytes: number;
  send(text: string): void;
  /** Ends it in good order, after what was sent; `closed` follows. */
  close(): void;
  /** Ends it without waiting, and reports nothing more. */
  drop(): void;
}

/**
 * Throws what the platform throws when it opens none, such as for a page of https and a link of
 * http.
 */
export type OpenSocket = (
  url: string,
  protocols: readonly string[],
  events: SocketEvents,
) => Socket;

/** What WebSocket implementations have in common. Methods, so that their own event types fit. */
export interface WebSocketLike {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  addEventListener(type: "error", listener: () => void): void;
  /** Node's `ws` has it: ends the connection without the closing handshake. */
  terminate?(): void;
  /**
   * Called before each `send`, where there is one: what is sent in one turn of the event loop may
   * go out in one write.
   */
  gather?(): void;
}

/** Normal closure (RFC 6455 7.4.1): the stream leaves at once, whatever the code (§6.3). */
const NORMAL = 1000;
/** What a browser calls a connection that broke. */
const ABNORMAL = 1006;
/** `readyState` of a WebSocket that can send. */
const OPEN = 1;
/**
 * Milliseconds in which `close` follows `error`; some implementations forget it when the handshake
 * fails.
 */
const CLOSE_AFTER_ERROR_MS = 250;

/** A WebSocket that opens, as a socket. */
export function socketOver(webSocket: WebSocketLike, events: SocketEvents): Socket {
  let over = false;
  const end = (code: number, reason: string) => {
    if (over) return;
    over = true;
    events.closed(code, reason);
  };
  webSocket.addEventListener("message", ({ data }) => {
    if (!over && typeof data === "string") events.message(data);
  });
  webSocket.addEventListener("close", ({ code, reason }) => end(code, reason));
  webSocket.addEventListener("error", () => setTimeout(end, CLOSE_AFTER_ERROR_MS, ABNORMAL, ""));
  return {
    get isOpen() {
      return webSocket.readyState === OPEN;
    },
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
    send: (text) => {
      webSocket.gather?.();
      webSocket.send(text);
      events.sent?.(text);
    },
    close: () => webSocket.close(NORMAL),
    drop: () => {
      over = true;
      if (webSocket.terminate === undefined) webSocket.close(NORMAL);
      else webSocket.terminate();
    },
  };
}
