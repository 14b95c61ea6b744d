/**
 * A connection that is kept: dials, detects silence, reconnects by the close-code table
 * (§6), and moves to another gateway before its own goes away (§4.9). It knows nothing of streams.
 */

import { toAmsError } from "../causes.ts";
import { AmsError } from "../errors.ts";
import { type JoinedFrame, readServerFrame, type ServerFrame } from "../listening/frames.ts";
import type { Address } from "./address.ts";
import { broken, type Closed, readClose } from "./close-error.ts";
import { closedError } from "./ending.ts";
import { Pings } from "./pings.ts";
import type { OpenSocket, Socket } from "./socket.ts";
import { comeBackDelayMs, type Timing } from "./timing.ts";

export type ReconnectingEvents = {
  /** A connection is established. `characters` is the length of the frame's text. */
  readonly joined: (frame: JoinedFrame, socket: Socket, characters: number) => void;
  readonly received: (frame: ServerFrame, characters: number) => void;
  /**
   * A try begins beside the live connection: nothing more should be sent on that, as it will
   * be fenced off.
   */
  readonly moving: () => void;
  /** That try failed: the connection goes on. */
  readonly staying: (socket: Socket) => void;
  /** The connection is gone. */
  readonly away: () => void;
  /** The next try, after the first join. */
  readonly retrying: (cause: AmsError, attempt: number, delayMs: number) => void;
  /** It is over; null when `end` was called without an error. */
  readonly ended: (error: AmsError | null) => void;
};

export type ReconnectingOptions = {
  readonly open: OpenSocket;
  readonly address: () => Address;
  readonly timing: Timing;
  /** Milliseconds without a connection after which it gives up. */
  readonly reconnectForMs: number;
  /** Finds out why the first try failed, when the close itself doesn't say. */
  readonly diagnose: () => Promise<AmsError>;
};

/** Milliseconds that a broker has for its half of the closing handshake. */
const HANG_UP_MS = 2_000;

type Call = { socket: Socket | null; timer: ReturnType<typeof setTimeout> };

export class ReconnectingConnection {
  readonly #options: ReconnectingOptions;
  readonly #events: ReconnectingEvents;
  readonly #pings = new Pings();
  #live: Call | null = null; // The live connection.
  // The try under way; beside a live one while moving to another gateway.
  #dialling: Call | null = null;
  #redial: { readonly timer: ReturnType<typeof setTimeout>; readonly at: number } | null = null;
  #attempt = 0;
  // When the latest connection was established; null before the first.
  #establishedAt: number | null = null;
  #awaySince = performance.now();
  #receivedAt = 0;
  #over = false;
  /** Resolves after `end`, once the socket has ended too. */
  readonly hungUp: Promise<void>;
  #resolveHungUp: () => void = () => {};

  constructor(options: ReconnectingOptions, events: ReconnectingEvents) {
    this.hungUp = new Promise((resolve) => {
      this.#resolveHungUp = resolve;
    });
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#awaySince = performance.now();
    this.#dial();
  }

  /**
   * Milliseconds from a ping to its pong. Rejects with `connection_lost` while there is no
   * connection.
   */
  ping(): Promise<number> {
    const socket = this.#live?.socket;
    if (socket === null || socket === undefined) {
      return Promise.reject(new AmsError("connection_lost", "There is no connection just now."));
    }
    return this.#pings.ping(() => socket.send('{"type":"ping"}'));
  }

  /** Ends it permanently: in good order without an error, at once with one. */
  end(error: AmsError | null): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#redial !== null) clearTimeout(this.#redial.timer);
    this.#forget(this.#dialling);
    const live = this.#live;
    this.#live = null;
    if (live === null) this.#resolveHungUp();
    else this.#hangUp(live, error === null);
    this.#pings.fail(error ?? closedError());
    this.#events.ended(error);
  }

  #dial(): void {
    this.#redial = null;
    const isComingBack = this.#live === null && this.#establishedAt !== null;
    const { dialMs } = this.#options.timing;
    const ms = isComingBack ? Math.min(dialMs, this.#leftMs(this.#options.reconnectForMs)) : dialMs;
    const tooLate = () => this.#giveUp(call, "The broker did not answer in time.");
    const call: Call = { socket: null, timer: setTimeout(tooLate, ms) };
    this.#dialling = call;
    if (this.#live !== null) this.#events.moving();
    try {
      const { url, protocols } = this.#options.address();
      call.socket = this.#options.open(url, protocols, {
        message: (text) => this.#message(call, text),
        closed: (code, reason) => this.#closed(call, readClose(code, reason)),
      });
    } catch (error) {
      // Its name and no more: what platforms say of an address may hold the address, and so the
      // link token.
      const name = error instanceof Error ? error.name : "unknown error";
      this.end(new AmsError("websocket_blocked", `A WebSocket can't be opened here (${name}).`));
    }
  }

  #message(call: Call, text: string): void {
    if (this.#over || (call !== this.#live && call !== this.#dialling)) return;
    this.#receivedAt = performance.now();
    try {
      const frame = readServerFrame(text);
      if (frame !== null) this.#frame(call, frame, text.length);
    } catch (error) {
      this.end(toAmsError(error, "unexpected_answer", "The deployment broke the protocol."));
    }
  }

  #frame(call: Call, frame: ServerFrame, characters: number): void {
    if (call === this.#dialling) {
      if (frame.type !== "joined") {
        throw new AmsError("unexpected_answer", "The deployment's first frame is not joined.");
      }
      this.#establish(call, frame, characters);
    } else if (frame.type === "pong") this.#pings.pong();
    else {
      if (frame.type === "x_drain") this.#redialIn(frame.reconnectAfterMs);
      this.#events.received(frame, characters);
    }
  }

  /** The try has become the connection. */
  #establish(call: Call, frame: JoinedFrame, characters: number): void {
    const { socket } = call;
    if (socket === null) return;
    clearTimeout(call.timer);
    this.#dialling = null;
    if (this.#live !== null) this.#leave(this.#live);
    this.#live = call;
    this.#establishedAt = performance.now();
    call.timer = setTimeout(() => this.#listenForLife(call), this.#options.timing.idleMs);
    this.#events.joined(frame, socket, characters);
  }

  /**
   * A connection that says nothing may be dead: ask, and give up on it when no
   * answer comes.
   */
  #listenForLife(call: Call): void {
    const { idleMs, pongMs } = this.#options.timing;
    const silentMs = performance.now() - this.#receivedAt;
    if (silentMs < idleMs) {
      call.timer = setTimeout(() => this.#listenForLife(call), idleMs - silentMs);
      return;
    }
    const askedAt = performance.now();
    this.ping().catch(() => {}); // Whatever frame comes is proof enough.
    call.timer = setTimeout(() => {
      if (this.#receivedAt >= askedAt) return this.#listenForLife(call);
      this.#giveUp(call, "The broker has fallen silent.");
    }, pongMs);
  }

  #giveUp(call: Call, sentence: string): void {
    call.socket?.drop();
    this.#closed(call, broken(sentence));
  }

  #closed(call: Call, closed: Closed): void {
    clearTimeout(call.timer);
    if (this.#over) this.#resolveHungUp();
    else if (call === this.#dialling) this.#dialFailed(closed);
    else if (call === this.#live) this.#lost(call, closed);
  }

  #lost(call: Call, closed: Closed): void {
    this.#leave(call);
    this.#awaySince = performance.now();
    // A try of our own that is under way takes the stream over from this very connection (§3.5).
    const byUs = closed.error.code === "stream_displaced" && this.#dialling !== null;
    if (!byUs && comeBackDelayMs(closed.comeBack, 0, this.#options.timing) === null) {
      this.end(closed.error);
      return;
    }
    const stoodMs = performance.now() - (this.#establishedAt ?? 0);
    if (stoodMs > this.#options.timing.stableMs) this.#attempt = 0;
    if (this.#dialling === null && this.#redial === null) this.#comeBack(closed);
    else {
      const delayMs = Math.max(0, (this.#redial?.at ?? 0) - performance.now());
      this.#events.retrying(closed.error, 1, delayMs);
    }
  }

  #dialFailed(closed: Closed): void {
    this.#dialling = null;
    const delayMs = comeBackDelayMs(closed.comeBack, this.#attempt, this.#options.timing);
    const { socket } = this.#live ?? {};
    if (socket !== null && socket !== undefined) {
      // Moving failed; the live connection stays, until its gateway ends it.
      this.#events.staying(socket);
      if (delayMs !== null) this.#redialIn(delayMs);
      this.#attempt += 1;
    } else if (this.#establishedAt === null) this.#firstDialFailed(closed);
    else this.#comeBack(closed);
  }

  /**
   * Only a busy deployment is asked again: whoever joins wants to know at once what is wrong with
   * the link.
   */
  #firstDialFailed(closed: Closed): void {
    const isBusy = closed.byAms && (closed.comeBack === "backoff" || closed.comeBack === "stated");
    if (isBusy) this.#comeBack(closed);
    else if (closed.byAms) this.end(closed.error);
    else
      this.#options.diagnose().then(
        (error) => this.end(error),
        (error) => this.end(toAmsError(error, "connection_lost", closed.error.message)),
      );
  }

  #comeBack(closed: Closed): void {
    const { timing, reconnectForMs } = this.#options;
    const delayMs = comeBackDelayMs(closed.comeBack, this.#attempt, timing);
    const isFirst = this.#establishedAt === null;
    if (delayMs === null) this.end(closed.error);
    else if (delayMs >= this.#leftMs(isFirst ? timing.joinMs : reconnectForMs)) {
      this.end(isFirst || closed.byAms ? closed.error : gaveUp(closed.error));
    } else {
      this.#attempt += 1;
      if (!isFirst) this.#events.retrying(closed.error, this.#attempt, delayMs);
      this.#redialIn(delayMs);
    }
  }

  /** What is left of this time since there is no connection. */
  #leftMs(allowedMs: number): number {
    return this.#awaySince + allowedMs - performance.now();
  }

  #redialIn(delayMs: number): void {
    if (this.#dialling !== null || this.#redial !== null) return;
    const timer = setTimeout(() => this.#dial(), delayMs);
    this.#redial = { timer, at: performance.now() + delayMs };
  }

  /** The live connection is gone, because it broke or because another one replaced it. */
  #leave(call: Call): void {
    clearTimeout(call.timer);
    this.#live = null;
    call.socket?.drop();
    this.#pings.fail(new AmsError("connection_lost", "The connection broke before the pong."));
    this.#events.away();
  }

  #forget(call: Call | null): void {
    if (call === null) return;
    clearTimeout(call.timer);
    call.socket?.drop();
    this.#dialling = null;
  }

  #hangUp(call: Call, inGoodOrder: boolean): void {
    clearTimeout(call.timer);
    const drop = () => {
      call.socket?.drop();
      this.#resolveHungUp();
    };
    if (inGoodOrder) {
      call.timer = setTimeout(drop, HANG_UP_MS);
      call.socket?.close();
    } else drop();
  }
}

function gaveUp(cause: AmsError): AmsError {
  return new AmsError("connection_lost", "The connection broke and did not come back in time.", {
    cause,
  });
}
