/**
 * One subscriber with its stream and its socket. The only switch on what a client says is here;
 * what a frame then goes through is emission, relay, audience, in this order and with no way back.
 */

import type { CloseReason, FrameFault } from "@ams/protocol";
import {
  type DataSpan,
  encodeNotice,
  findTokenData,
  isExtension,
  type JsonWork,
  PONG,
  parseClientFrame,
  TOKEN_FRAME_BYTES_MAX,
} from "@ams/protocol";
import type { EarlyFrames } from "../accept/early.ts";
import type { Socket, SocketOwner } from "../accept/sockets.ts";
import type { GatewayDeps } from "../deps.ts";
import { jsonCharge, type Rates, TokenBucket } from "../lifecycle/limits.ts";
import { overRate } from "../usage/meter.ts";
import type { Subscription } from "./audience.ts";
import type { Emission } from "./emission.ts";
import type { Hold } from "./hold.ts";
import type { LiveStream } from "./live-stream.ts";
import { prepareHead, type TokenHead } from "./token-frame.ts";
import type { Waiter } from "./waiting.ts";

/** What a connection brought with it, fixed for its life. */
export type SessionTerms = {
  readonly subscription: Subscription;
  readonly receipts: boolean;
  /** Its link admits to read only (§2.7.8). */
  readonly isReadOnly: boolean;
  readonly rates: Rates;
};

/** Where a session's frames go, and what is notified when it ends: its conversation. */
export type SessionHome = {
  readonly deps: Pick<GatewayDeps, "now" | "waiting" | "metrics" | "meters">;
  readonly emission: Emission;
  readonly hold: Hold;
  readonly sessions: {
    readonly leave: (session: Session) => void;
    /** Its socket has read something of what was unsent. */
    readonly drained: (session: Session) => void;
    /** Ends a session that no longer holds its stream. */
    readonly expel: (session: Session, reason: CloseReason) => void;
  };
};

/** Reused by every frame: one is looked at at a time. */
const span: DataSpan = { start: 0, end: 0 };
const work: JsonWork = { tokens: 0 };

/**
 * What only a session that emits needs: most subscribers listen, and an idle one should weigh
 * little.
 */
type Emitter = {
  readonly head: TokenHead;
  readonly frames: TokenBucket;
  readonly bytes: TokenBucket;
};

export class Session implements SocketOwner, Waiter {
  readonly stream: LiveStream;
  readonly terms: SessionTerms;
  readonly #home: SessionHome;
  readonly #emission: Emission;
  /** Called once, and then forgotten with all that the join knew. */
  #welcome: ((session: Session) => void) | null;
  #emitter: Emitter | null = null;
  #socket: Socket | null = null;
  /** Unix ms of its last whole message, or else of its join. */
  #heardMs = 0;
  /**
   * Frames that came while it was not sure that the stream is held here, or that are parsed in a
   * later turn; null at all other times.
   */
  #waiting: EarlyFrames | null = null;
  /** Whether it has sent more to be parsed than one turn takes. */
  #isPostponed = false;
  /** The socket that has gone while frames of it still wait: the stream leaves after them. */
  #departed: Socket | null = null;

  constructor(
    home: SessionHome,
    stream: LiveStream,
    terms: SessionTerms,
    welcome: (session: Session) => void,
  ) {
    this.#home = home;
    this.#emission = home.emission;
    this.stream = stream;
    this.terms = terms;
    this.#welcome = welcome;
  }

  /** The constant beginning of its token frames. */
  get head(): TokenHead {
    return this.#asEmitter(this.#home.deps.now()).head;
  }

  /** The socket, null before it was accepted and after it has gone. */
  get socket(): Socket | null {
    return this.#socket;
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    this.#heardMs = this.#home.deps.now();
    const welcome = this.#welcome;
    this.#welcome = null;
    welcome?.(this);
  }

  received(frame: ArrayBuffer, isBinary: boolean): void {
    if (this.#socket !== null) this.#accept(this.#socket, frame, isBinary);
  }

  resume(): void {
    const socket = this.#socket ?? this.#departed;
    if (this.#waiting === null || socket === null) return;
    if (!this.#home.hold.isSure(this.stream)) return;
    this.#takeWaiting(socket, this.#waiting);
    if (this.#departed === null || this.#waiting !== null) return;
    this.#departed = null;
    this.#home.sessions.leave(this);
  }

  /** Takes what waits, in order, for as long as it may in this turn. */
  #takeWaiting(socket: Socket, waiting: EarlyFrames): void {
    this.#isPostponed = false;
    let took = 0;
    for (let next = waiting.first(); next !== null; next = waiting.first()) {
      if (!this.#home.hold.isSure(this.stream)) return;
      if (!this.#process(socket, next.frame, next.isBinary)) {
        this.#isPostponed = true;
        if (took > 0) this.#home.deps.waiting.toTheEnd(this);
        return;
      }
      if (!this.#isOpen()) return;
      waiting.shift();
      took += 1;
    }
    this.#stopWaiting();
  }

  /** Takes the frame now, or lets it wait behind those that wait already. */
  #accept(socket: Socket, frame: ArrayBuffer, isBinary: boolean): void {
    if (this.#waiting !== null || !this.#home.hold.isSure(this.stream)) {
      this.#keepWaiting(socket, frame, isBinary);
    } else this.#processOrPostpone(socket, frame, isBinary);
  }

  #processOrPostpone(socket: Socket, frame: ArrayBuffer, isBinary: boolean): void {
    if (this.#process(socket, frame, isBinary)) return;
    this.#isPostponed = true;
    this.#keepWaiting(socket, frame, isBinary);
  }

  /** False when it is parsed in a later turn: nothing has happened then. */
  #process(socket: Socket, frame: ArrayBuffer, isBinary: boolean): boolean {
    const bytes = new Uint8Array(frame);
    const isToken = !isBinary && findTokenData(bytes, span);
    const isParsed = !isBinary && !isToken && !isExtension(bytes);
    if (isParsed && !this.#home.deps.waiting.mayParse(frame.byteLength)) return false;
    const nowMs = this.#home.deps.now();
    this.#heardMs = nowMs;
    if (!this.#isWithinRates(frame.byteLength, nowMs)) this.#fault("rate_limited");
    else if (this.stream.meter?.take(frame.byteLength) === false) this.#overRate(socket);
    else if (isBinary) this.#fault("malformed_frame");
    else if (isToken && this.terms.isReadOnly) this.#fault("read_only_link");
    else if (isToken) this.#emitToken(socket, bytes, span, nowMs);
    else if (isParsed) this.#receivedOther(socket, frame, nowMs);
    return true;
  }

  #isWithinRates(byteLength: number, nowMs: number): boolean {
    const { frames, bytes } = this.#asEmitter(nowMs);
    return frames.take(1, nowMs) && bytes.take(byteLength, nowMs);
  }

  /** The rates of its account, over all gateways, are used up (§2.10.4). */
  #overRate(socket: Socket): void {
    const exceeded = this.stream.meter?.exceeded() ?? null;
    if (exceeded !== null) socket.send(encodeNotice("error", overRate(exceeded)));
    if (this.stream.meter !== null) this.#home.deps.meters.reached(this.stream.meter);
    this.#fault("rate_limited");
  }

  #emitToken(socket: Socket, bytes: Uint8Array, data: DataSpan, nowMs: number): void {
    const { meter } = this.stream;
    if (meter !== null) {
      meter.tokensIn += 1;
      meter.bytesIn += bytes.length;
    }
    this.#emission.emitToken(this, socket, bytes, data, nowMs);
  }

  #isOpen(): boolean {
    return this.#socket !== null || this.#departed !== null;
  }

  #keepWaiting(socket: Socket, frame: ArrayBuffer, isBinary: boolean): void {
    if (this.stream.claim === "ended") {
      this.#home.sessions.expel(this, "stream_displaced");
      return;
    }
    this.#waiting ??= this.#home.deps.waiting.add(this);
    if (this.#waiting.keep(frame, isBinary)) return;
    if (this.#isPostponed) {
      this.#fault("rate_limited");
      return;
    }
    if (!this.#home.hold.hasLease(this.stream)) {
      this.close("internal_error");
      return;
    }
    // It has only stood still: if the stream was taken over, the others fence these frames off.
    for (const one of [...this.#stopWaiting(), { frame, isBinary }]) {
      if (!this.#isOpen()) return;
      if (this.#waiting === null) this.#processOrPostpone(socket, one.frame, one.isBinary);
      else this.#keepWaiting(socket, one.frame, one.isBinary);
    }
  }

  #stopWaiting(): readonly { readonly frame: ArrayBuffer; readonly isBinary: boolean }[] {
    const waiting = this.#waiting;
    if (waiting === null) return [];
    this.#waiting = null;
    this.#isPostponed = false;
    this.#home.deps.waiting.remove(this);
    return waiting.release();
  }

  drained(): void {
    this.#home.sessions.drained(this);
  }

  gone(): void {
    if (this.#socket === null) return;
    if (this.#waiting !== null) this.#departed = this.#socket;
    this.#socket = null;
    if (this.#departed === null) this.#home.sessions.leave(this);
  }

  /** Closes the socket, and takes it as gone from this moment. */
  close(reason: CloseReason): void {
    const socket = this.#socket ?? this.#departed;
    if (socket === null) return;
    this.#socket = null;
    this.#departed = null;
    this.#stopWaiting();
    socket.end(reason); // First of all, so that it doesn't hear its own stream leave.
    this.#home.sessions.leave(this);
  }

  /**
   * Closes the socket of a stream that this connection holds no more: there is nothing left to
   * leave.
   */
  expel(reason: CloseReason): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#departed = null;
    this.#stopWaiting();
    socket?.end(reason);
  }

  #asEmitter(nowMs: number): Emitter {
    const { rates } = this.terms;
    this.#emitter ??= {
      head: prepareHead(this.stream.entry),
      frames: new TokenBucket(rates.frames, nowMs),
      bytes: new TokenBucket(rates.bytes, nowMs),
    };
    return this.#emitter;
  }

  /**
   * What has to be parsed. Its size is bounded before, and it is paid for by what the parser looked
   * at: JSON tokens, and the bytes of what is no token once more.
   */
  #receivedOther(socket: Socket, bytes: ArrayBuffer, nowMs: number): void {
    const frame = parse(bytes);
    if (typeof frame === "string") {
      this.#fault(frame);
      return;
    }
    const again = frame.type === "token" ? 0 : bytes.byteLength;
    if (!this.#asEmitter(nowMs).bytes.take(again + jsonCharge(work.tokens), nowMs)) {
      this.#fault("rate_limited");
      return;
    }
    const emits = frame.type === "token" || frame.type === "set_metadata";
    if (emits && this.terms.isReadOnly) {
      this.#fault("read_only_link");
      return;
    }
    switch (frame.type) {
      case "token":
        this.#emitText(socket, Buffer.from(frame.data), nowMs);
        return;
      case "set_metadata":
        this.#emission.emitMetadata(this, socket, frame.metadata, nowMs);
        return;
      case "ping":
        this.#emission.flush(); // What was emitted before is heard before.
        socket.send(PONG);
        return;
      case "extension":
        return;
      default:
        frame satisfies never;
    }
  }

  #emitText(socket: Socket, data: Buffer, nowMs: number): void {
    this.#emitToken(socket, data, { start: 0, end: data.length }, nowMs);
  }

  #fault(fault: FrameFault): void {
    this.#home.deps.metrics.fault(fault);
    this.close(fault);
  }
}

/** A frame as it was sent, read as text; `work` then says what that took. */
function parse(bytes: ArrayBuffer) {
  work.tokens = 0;
  if (bytes.byteLength > TOKEN_FRAME_BYTES_MAX) return "malformed_frame";
  return parseClientFrame(Buffer.from(bytes).toString(), bytes.byteLength, work);
}
