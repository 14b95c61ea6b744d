/**
 * One connection of the Node client: opened, entered, and from then on tokens in and tokens out.
 */
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import type { Line } from "./parsed-spec.ts";
import { MARKER_BYTES, nextMarker, seqBefore, type Tally, writeMarker } from "./tally.ts";

/** What all members share. */
export type Company = {
  readonly members: readonly Member[];
  /** Those that emit, by the index in their markers. */
  readonly emitters: readonly Member[];
};

/** A way to send bytes and to end. */
type Wire = { readonly send: (bytes: Buffer) => void; readonly end: () => void };

export class Member {
  readonly line: Line;
  readonly tally: Tally;
  /** The index in its markers; -1 when it doesn't emit. */
  readonly emitter: number;
  /** Tokens that it emitted, and deliveries of them. */
  count = 0;
  heard = 0;
  fan = 0;
  isReady = false;
  /** It has entered, or never will. */
  isSettled = false;
  onHeard: (emitter: Member) => void = () => undefined;
  readonly #company: Company;
  readonly #last = new Map<number, number>();
  #wire: Wire | null = null;
  #wasReady = false;
  #openedNs = 0n;
  #port: number;
  #rest = Buffer.alloc(0);

  constructor(line: Line, tally: Tally, emitter: number, company: Company) {
    this.line = line;
    this.tally = tally;
    this.emitter = emitter;
    this.#company = company;
    this.#port = line.number("port");
    tally.members += 1;
  }

  open(): void {
    this.#openedNs = process.hrtime.bigint();
    this.#wire = this.tally.group.is("raw") ? this.#openRaw() : this.#openWebSocket();
  }

  close(): void {
    this.#wire?.end();
  }

  emit(tokens: number): void {
    const payload = Math.max(this.tally.group.number("payload"), MARKER_BYTES);
    const filler = "x".repeat(payload - MARKER_BYTES);
    const now = process.hrtime.bigint();
    for (let token = 0; token < tokens; token += 1) {
      this.count += 1;
      const text = writeMarker(this.emitter, this.count, now) + filler;
      this.#wire?.send(Buffer.from(this.line.text("prefix") + text + this.line.text("suffix")));
    }
    this.tally.counts.emitted_total += tokens;
  }

  #openRaw(): Wire {
    const socket: Socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    socket.on("connect", () => socket.write(this.line.text("hello")));
    socket.on("data", (bytes) => {
      this.#rest = this.#came(Buffer.concat([this.#rest, bytes]));
    });
    socket.on("error", () => undefined); // Its close shows it.
    socket.on("close", () => this.#lost(0));
    return { send: (bytes) => socket.write(bytes), end: () => socket.destroy() };
  }

  #openWebSocket(): Wire {
    const [first = "", ...headers] = this.line.text("request").trim().split("\r\n");
    const given = headers.map((header) => {
      const [name = "", value = ""] = header.split(": ");
      return { name: name.toLowerCase(), value };
    });
    const own = given.filter(({ name }) => /^(authorization|x-ams-)/.test(name));
    const protocol = given.find(({ name }) => name === "sec-websocket-protocol")?.value;
    const url = `ws://127.0.0.1:${this.#port}${first.split(" ")[1]}`;
    const ws = new WebSocket(url, protocol === undefined ? [] : [protocol], {
      headers: Object.fromEntries(own.map(({ name, value }) => [name, value])),
      perMessageDeflate: false,
    });
    const binary = this.tally.group.is("binary");
    const send = (bytes: Buffer) => ws.send(bytes, { binary });
    ws.on("open", () => {
      if (this.line.text("hello") !== "") send(Buffer.from(this.line.text("hello")));
      if (this.line.text("ready") === "") this.#entered();
    });
    ws.on("message", (data: Buffer) => {
      this.#came(data);
      const asks = this.tally.group.text("answer_to");
      if (asks !== "" && data.toString("latin1", 0, asks.length) === asks) {
        send(Buffer.from(this.tally.group.text("answer")));
      }
      if (this.line.is("slow") && this.isReady) ws.pause();
    });
    ws.on("error", () => undefined);
    ws.on("close", (code) => this.#lost(code === 1006 ? 0 : code));
    return { send, end: () => ws.terminate() };
  }

  #entered(): void {
    this.isReady = true;
    this.isSettled = true;
    this.#wasReady = true;
    this.tally.counts.joined += 1;
    this.tally.joining.recordValue(Number(process.hrtime.bigint() - this.#openedNs));
  }

  /** Takes what came, and returns what isn't whole yet. */
  #came(bytes: Buffer): Buffer<ArrayBuffer> {
    if (!this.isReady && bytes.includes(this.line.text("ready"))) this.#entered();
    const now = process.hrtime.bigint();
    let from = 0;
    for (;;) {
      const marker = nextMarker(bytes, from);
      if (marker === "cut") return Buffer.from(bytes.subarray(bytes.indexOf("@", from)));
      if (marker === null) break;
      this.#token(marker.emitter, marker.count, Number(now - marker.sentNs));
      const seq = this.tally.group.is("checks_seq") ? seqBefore(bytes, marker.at) : marker.count;
      if (seq !== marker.count) this.tally.counts.wrong_seq += 1;
      from = marker.at + MARKER_BYTES;
    }
    const alarm = this.tally.group.text("alarm");
    if (from === 0 && alarm !== "" && bytes.includes(alarm)) this.tally.counts.alarms += 1;
    return Buffer.alloc(0);
  }

  #token(index: number, count: number, latencyNs: number): void {
    const { counts } = this.tally;
    const emitter = this.#company.emitters[index];
    if (emitter === undefined) return;
    if (emitter === this && !this.tally.group.is("echo")) {
      counts.own += 1;
      return;
    }
    const last = this.#last.get(index) ?? 0;
    if (count === last) counts.doubled += 1;
    else if (count < last) counts.reordered += 1;
    else counts.missed += count - last - 1;
    this.#last.set(index, Math.max(last, count));
    this.tally.delivered(latencyNs);
    emitter.heard += 1;
    this.onHeard(emitter);
  }

  #lost(code: number): void {
    const wasReady = this.isReady;
    this.isReady = false;
    this.tally.closed(code);
    if (wasReady) this.tally.counts.joined -= 1;
    const { group } = this.tally;
    if (group.is("comes_back")) {
      this.#port = this.line.number("other_port") || this.#port;
      setTimeout(() => this.open(), group.number("pause_ms"));
    } else if (!this.#wasReady) {
      this.tally.counts.failed += 1;
      this.isSettled = true;
    }
  }
}
