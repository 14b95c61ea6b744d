/** One socket of an agent: who it is, what it sends, what it is sent. */
import { isId, readJson } from "@ams/amp";
import { describeError } from "@ams/process";
import { StoreUnavailable } from "@ams/store";
import type { WebSocket } from "ws";
import { isSuspended, refOf } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { parseObject } from "../delivery/peers.ts";
import { routeMessage } from "../delivery/route.ts";
import { type Answer, refuse } from "../http/answer.ts";
import { findAgent, refuseBearer } from "../http/auth.ts";
import { parseObject as parseBody } from "../http/body.ts";
import type { Caller } from "../http/call.ts";
import { isoOf, membersOf } from "../http/fields.ts";
import { judge, ratesOf } from "../http/rates.ts";
import { ack } from "../routes/messages.ts";
import type { AgentSocket } from "./feeds.ts";

/** Milliseconds after which a socket is closed. */
export type SocketTimes = {
  /** Without a first frame. */
  readonly authMs: number;
  /** Of silence. */
  readonly silenceMs: number;
  /** Without progress of a slow reader. */
  readonly stalledMs: number;
};

export const SOCKET_TIMES: SocketTimes = {
  authMs: 10_000,
  silenceMs: 300_000,
  stalledMs: 60_000,
};

/** Bytes that may wait in a socket before the next message waits. */
const UNSENT_BYTES_MAX = 1_048_576;
const LOOK_MS = 50;
/** Frames of a socket that wait for their turn: past it, the socket isn't read. */
const FRAMES_WAITING_MAX = 64;

export class Socket {
  readonly #amp: Amp;
  readonly #socket: WebSocket;
  readonly #address: string;
  readonly #times: SocketTimes;
  #token = "";
  #caller: Caller | null = null;
  #remove: (() => void) | null = null;
  #silence: NodeJS.Timeout;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #hasBegun = false;
  #isWatched = false;

  constructor(
    amp: Amp,
    socket: WebSocket,
    who: { readonly address: string; readonly bearer: string | null },
    times: SocketTimes,
  ) {
    const { address, bearer } = who;
    this.#times = times;
    this.#amp = amp;
    this.#socket = socket;
    this.#address = address;
    this.#silence = setTimeout(() => this.close(4001, "auth_timeout"), times.authMs);
    socket.on("message", (data, isBinary) => {
      if (isBinary) this.close(1003, "text only");
      else this.#take(data.toString());
    });
    socket.on("close", () => this.#end());
    socket.on("error", () => socket.terminate());
    if (bearer !== null) {
      this.#hasBegun = true;
      this.#then(() => this.#begin(bearer));
    }
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    // A peer that doesn't answer a close holds nothing for long.
    setTimeout(() => this.#socket.terminate(), 2_000).unref();
  }

  #take(text: string): void {
    if (this.#caller !== null) this.#heard();
    this.#waiting += 1;
    if (this.#waiting >= FRAMES_WAITING_MAX) this.#socket.pause();
    this.#then(async () => {
      await this.#frame(text);
      // Who sends and doesn't read is read no further.
      await this.#mayWrite();
      this.#waiting -= 1;
      if (this.#socket.isPaused) this.#socket.resume();
    });
  }

  /** Frames are taken one after the other. */
  #then(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) {
        this.#error("unavailable", "Try again.");
        // Who it is isn't known: it connects again.
        if (this.#caller === null) this.close(1013, "unavailable");
      } else {
        this.#amp.log.error({ event: "frame_failed", ...describeError(error) }, "a frame failed");
        this.#error("internal_error", "This is a fault of the provider.");
      }
    });
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.close(4009, "silence"), this.#times.silenceMs);
  }

  async #frame(text: string): Promise<void> {
    const frame = parseObject(text);
    if (this.#caller === null) {
      if (this.#hasBegun) return;
      this.#hasBegun = true;
      const token = frame?.type === "auth" && typeof frame.token === "string" ? frame.token : null;
      if (token === null) return this.#refuse("The first frame must be auth.", 4002);
      return this.#begin(token);
    }
    switch (frame?.type) {
      case "auth":
        return;
      case "ping":
        return void this.#send({ type: "pong", timestamp: isoOf(this.#amp.now()) });
      case "ack":
      case "message.ack":
        if (isId("msg", frame.id)) await ack(this.#amp, refOf(this.#caller.record), [frame.id]);
        else this.#error("invalid_request", "id must be a message's.");
        return;
      case "route":
        return this.#route(text, frame.ref);
      default:
        this.#error("invalid_request", "type must be ping, route, message.ack or ack.");
    }
  }

  async #begin(token: string): Promise<void> {
    const amp = this.#amp;
    const caller = await findAgent(amp, token, "requests");
    if (caller === null) {
      await refuseBearer(amp, this.#address);
      return this.#refuse("The token isn't a valid API key.", 4003);
    }
    if (isSuspended(caller.record, amp.now())) {
      this.#error("agent_suspended", "This agent is suspended.");
      return this.close(4003, "agent_suspended");
    }
    const agent = refOf(caller.record);
    await amp.presence.enter(agent);
    const [{ count }, [head]] = await Promise.all([
      amp.store.depth(agent, amp.now()),
      amp.store.heads([agent]),
    ]);
    if (this.#socket.readyState !== this.#socket.OPEN) return amp.presence.leave(agent);
    this.#token = token;
    this.#caller = caller;
    amp.seen(caller.record);
    this.#heard();
    const { address } = caller.record;
    this.#send({ type: "connected", data: { address, pending_count: count } });
    // Where the store is away just now, they come with the next look.
    const receipts = await amp.store.takeReceipts(agent).catch(() => []);
    for (const receipt of receipts) await this.#write(receipt);
    const socket: AgentSocket = {
      send: (frame) => this.#write(frame),
      close: (code, reason) => this.close(code, reason),
    };
    this.#remove = amp.feeds.add(agent, socket, head?.n ?? 0);
    if (this.#remove === null) this.close(4029, "too_many_connections");
    // It may have closed meanwhile, before there was anything to remove.
    else if (this.#socket.readyState !== this.#socket.OPEN) this.#end();
  }

  async #route(text: string, ref: unknown): Promise<void> {
    const echo = ref === undefined ? {} : { ref };
    const answered = await this.#tryRoute(text);
    const body: Record<string, unknown> = JSON.parse(String(answered.body));
    if (answered.status < 300) {
      this.#send({ type: "route.result", ...echo, data: body });
      return;
    }
    // An unknown recipient has a name of its own here.
    const error = body.error === "not_found" ? "invalid_recipient" : body.error;
    this.#send({ type: "error", ...echo, ...body, error });
    if (answered.status === 401) this.close(4003, "unauthorized");
  }

  /** The key is checked for each message, as over HTTP. */
  async #tryRoute(text: string): Promise<Answer> {
    const amp = this.#amp;
    const caller = await findAgent(amp, this.#token, "routes");
    if (caller === null) return refuse("unauthorized", "The API key has ended.");
    const { routesPerMinute } = amp.tenants.ruleOf(caller.record.tenant);
    const rates = ratesOf("routes", amp.config, routesPerMinute);
    const { refusal } = judge(rates, caller.counts, amp.now());
    if (refusal !== null) return refusal;
    const data = dataOf(text);
    if (data === null) return refuse("missing_field", "data is needed.", { field: "data" });
    const json = parseBody(Buffer.from(data));
    return json.ok ? routeMessage(amp, caller, json.value) : json.refusal;
  }

  #refuse(message: string, code: number): void {
    this.#error("unauthorized", message);
    this.close(code, "unauthorized");
  }

  #error(error: string, message: string): void {
    this.#send({ type: "error", error, message });
  }

  #send(frame: Readonly<Record<string, unknown>>): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Resolves once the frame is written; false when the socket has closed before. */
  async #write(frame: string): Promise<boolean> {
    if (!(await this.#mayWrite())) return false;
    return new Promise((resolve) => {
      this.#socket.send(frame, (error) => resolve(error === undefined || error === null));
      void this.#watch();
    });
  }

  /** Waits until less is unsent than may be; false when the socket has closed before. */
  async #mayWrite(): Promise<boolean> {
    while (this.#isOpen()) {
      if (this.#socket.bufferedAmount <= UNSENT_BYTES_MAX) return true;
      void this.#watch();
      await pause(LOOK_MS);
    }
    return false;
  }

  /** While anything is unsent: closes the socket when nothing of it goes out for too long. */
  async #watch(): Promise<void> {
    if (this.#isWatched) return;
    this.#isWatched = true;
    let unsent = this.#socket.bufferedAmount;
    for (let stalledMs = 0; this.#isOpen() && unsent > 0; stalledMs += LOOK_MS) {
      if (stalledMs >= this.#times.stalledMs) this.close(4008, "slow_consumer");
      await pause(LOOK_MS);
      const now = this.#socket.bufferedAmount;
      if (now < unsent) stalledMs = 0;
      unsent = now;
    }
    this.#isWatched = false;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #end(): void {
    clearTimeout(this.#silence);
    this.#remove?.();
    if (this.#remove === null || this.#caller === null) return;
    this.#remove = null;
    this.#amp.presence.leave(refOf(this.#caller.record));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The text of `data`, so that a payload in it stays as it was sent. */
function dataOf(text: string): string | null {
  const read = readJson(text);
  if (!read.ok || read.json.root.kind !== "object") return null;
  const node = read.json.root.entries.find(([key]) => key === "data")?.[1];
  if (node === undefined || membersOf(membersOf(read.json.value)?.data) === null) return null;
  return text.slice(node.start, node.end);
}
