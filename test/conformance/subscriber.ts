/**
 * A subscriber on the `ws` package: a frame queue, the close, and invariants that every frame is
 * held to.
 */
import { CLOSE, type ServerFrame } from "@ams/protocol";
import { afterEach, expect } from "vitest";
import WebSocket from "ws";
import { type Account, brief, gatewayUrl, HERE, type Minted } from "./driver.ts";
import { Invariants } from "./invariants.ts";

/** What a connect says. Wishes are headers by their short names, or query parameters in `query`. */
export type Wishes = {
  readonly as?: Account | undefined;
  /** The stream's name, as a header. */
  readonly name?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** Which gateway. */
  readonly at?: number;
};

export type Closed = { readonly code: number; readonly reason: string };

export type FrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

/** Milliseconds after which something that must happen counts as not happening. */
const PATIENCE_MS = 10_000;

/** Each close reason of the protocol, with its code. */
const KNOWN = new Map<string, number>(
  Object.entries(CLOSE).map(([reason, { code }]) => [reason, code]),
);

/** Every subscriber of the running test: closed and looked over when it ends. */
const open = new Set<Subscriber>();

let tolerated: (broken: string) => boolean = () => false;

/** What the running test's faults may break. */
export function tolerate(isTolerated: (broken: string) => boolean): void {
  tolerated = isTolerated;
}

afterEach(async () => {
  const all = [...open];
  open.clear();
  for (const one of all) one.leave();
  await Promise.all(all.map((one) => one.closed));
  const ends = all.flatMap((one) => (one.endedByBroker === null ? [] : [one.endedByBroker]));
  for (const { code, reason } of ends.filter((end) => end.code >= 4000)) {
    expect(`${KNOWN.get(reason)} ${reason}`, "§6.1 a close of the table").toBe(`${code} ${reason}`);
  }
  const broken = all.flatMap((one) => one.invariants.broken);
  const isTolerated = tolerated;
  tolerated = () => false;
  expect(broken.filter((what) => !isTolerated(what))).toEqual([]);
});

export class Subscriber {
  /** Every known frame so far, in order of arrival. */
  readonly frames: ServerFrame[] = [];
  /** The messages as they came. */
  readonly texts: string[] = [];
  readonly invariants = new Invariants();
  /** Resolves when the socket has ended. */
  readonly closed: Promise<Closed>;
  readonly socket: WebSocket;
  readonly #queue: ServerFrame[] = [];
  readonly #waiting = new Set<() => void>();
  #end: Closed | null = null;
  #leaving = false;
  #refusal: string | null = null;

  constructor(socket: WebSocket) {
    this.socket = socket;
    open.add(this);
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.#end = { code, reason: reason.toString() };
        resolve(this.#end);
        this.#wake();
      });
    });
    socket.on("message", (data, isBinary) => this.#receive(String(data), isBinary));
    socket.on("unexpected-response", (request, response) => {
      this.#refusal = `HTTP ${response.statusCode}`;
      request.destroy();
      socket.terminate();
    });
    socket.on("error", (error) => {
      this.#refusal ??= error.message; // The close that follows has the reason.
    });
  }

  /** The close that the broker began, null while open and when this client began it. */
  get endedByBroker(): Closed | null {
    return this.#leaving ? null : this.#end;
  }

  /** What `joined` said. */
  get joined(): FrameOf<"joined"> {
    const first = this.frames[0];
    if (first?.type !== "joined") throw new Error(`joined was expected first, not ${brief(first)}`);
    return first;
  }

  get id(): string {
    return this.joined.stream_id;
  }

  /** Stream ids of the others, as received so far. */
  get peers(): ReadonlySet<string> {
    return new Set([...this.invariants.roster].filter((id) => id !== this.id));
  }

  /** Data of all tokens so far. */
  get heard(): readonly string[] {
    return this.frames.flatMap((frame) => (frame.type === "token" ? [frame.data] : []));
  }

  /** The earliest frame of this type not yet taken (and like this); waits for it. */
  async next<Type extends ServerFrame["type"]>(
    type: Type,
    isLike: (frame: FrameOf<Type>) => boolean = () => true,
  ): Promise<FrameOf<Type>> {
    const find = () => this.#queue.find((f): f is FrameOf<Type> => isOf(f, type) && isLike(f));
    await this.#wait(() => find() !== undefined, `a ${type} frame`);
    const frame = find();
    if (frame === undefined) throw new Error(`no ${type} frame came before ${this.#story()}`);
    this.#queue.splice(this.#queue.indexOf(frame), 1);
    return frame;
  }

  /** The token with this data. */
  token(data: string): Promise<FrameOf<"token">> {
    return this.next("token", (frame) => frame.data === data);
  }

  /** Waits until the condition holds for what this reader has received. */
  async see(what: string, holds: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
    await this.#wait(holds, what, withinMs);
    if (!holds()) throw new Error(`${what} was expected before ${this.#story()}`);
  }

  say(data: string): void {
    this.send({ type: "token", data });
  }

  /** Sends a frame, or text or bytes as they are. */
  send(frame: object | string): void {
    if (frame instanceof Uint8Array) this.socket.send(frame, { binary: true });
    else this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /**
   * Resolves when the broker has dealt with all that was sent here, and its answers have arrived.
   */
  async drained(): Promise<void> {
    this.send({ type: "ping" });
    await this.next("pong");
  }

  leave(code = 1000): void {
    this.#leaving ||= this.#end === null;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.close(code);
    else if (this.socket.readyState === WebSocket.CONNECTING) this.socket.terminate();
    setTimeout(() => this.socket.terminate(), 2_000).unref();
  }

  /** The close, or a failure that says what came instead. */
  async ended(): Promise<Closed> {
    await this.#wait(() => this.#end !== null, "the socket's end");
    return this.#end ?? { code: 0, reason: "" };
  }

  /** Resolves when `joined` is here or the socket has ended. */
  async settled(): Promise<boolean> {
    await this.#wait(() => this.frames.length > 0, "joined or a close");
    return this.frames.length > 0;
  }

  #receive(text: string, isBinary: boolean): void {
    this.texts.push(text);
    const frame = this.invariants.check(text, isBinary);
    if (frame === null) return;
    this.frames.push(frame);
    this.#queue.push(frame);
    this.#wake();
  }

  /**
   * Waits until the condition holds or the socket has ended, and rejects when neither happens in
   * time.
   */
  #wait(holds: () => boolean, what: string, withinMs = PATIENCE_MS): Promise<void> {
    if (holds() || this.#end !== null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds() && this.#end === null) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${what} was expected within ${withinMs} ms; ${this.#story()}`));
      }, withinMs);
      this.#waiting.add(look);
    });
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  #story(): string {
    const last = this.texts.slice(-4).map((text) => text.slice(0, 160));
    const end = this.#end === null ? "still open" : `closed ${this.#end.code} ${this.#end.reason}`;
    return `${end}${this.#refusal === null ? "" : ` (${this.#refusal})`}, ${this.texts.length} messages, the last: ${last.join(" ")}`;
  }
}

/** The WebSocket address of a conversation at a gateway. */
export function address(minted: Pick<Minted, "magic_link">, wishes: Wishes = {}): URL {
  const link = new URL(minted.magic_link);
  const url = new URL(gatewayUrl(wishes.at ?? HERE));
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = `${link.pathname}/connect`;
  url.search = link.search;
  for (const [key, value] of Object.entries(wishes.query ?? {})) url.searchParams.set(key, value);
  return url;
}

/** Opens a socket and waits neither for `joined` nor for a refusal. */
export function dial(minted: Pick<Minted, "magic_link">, wishes: Wishes = {}): Subscriber {
  return dialUrl(address(minted, wishes), wishes);
}

export function dialUrl(url: URL, wishes: Wishes = {}): Subscriber {
  const headers = {
    ...(wishes.as === undefined ? {} : { authorization: `Bearer ${wishes.as.credential}` }),
    ...(wishes.name === undefined ? {} : { "x-ams-stream-name": wishes.name }),
    ...wishes.headers,
  };
  const options = { headers, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 };
  return new Subscriber(new WebSocket(url, [...(wishes.protocols ?? [])], options));
}

/** Joins; fails with the refusal when it is refused. */
export async function join(
  minted: Pick<Minted, "magic_link">,
  wishes: Wishes = {},
): Promise<Subscriber> {
  const subscriber = dial(minted, wishes);
  if (!(await subscriber.settled())) {
    const { code, reason } = await subscriber.ended();
    throw new Error(`joined was expected, but the connect was refused: ${code} ${reason}`);
  }
  expect(subscriber.joined.type).toBe("joined");
  return subscriber;
}

/** Fails unless this connect is refused with this code and reason, before any frame. */
export async function expectRefusal(
  attempt: Subscriber,
  code: number,
  reason: string,
): Promise<void> {
  const joined = await attempt.settled();
  expect(joined, `§3.3 a refusal ${code} ${reason} was expected, but it joined`).toBe(false);
  expect(await attempt.ended()).toEqual({ code, reason });
  expect(attempt.texts).toEqual([]);
}

/** Base64 of JSON, as the headers of a connect carry it. */
export function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

/** URL-safe base64 of JSON, as the query carries it. */
export function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function isOf<Type extends ServerFrame["type"]>(
  frame: ServerFrame,
  type: Type,
): frame is FrameOf<Type> {
  return frame.type === type;
}
