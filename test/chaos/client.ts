/**
 * One client of a run: it joins, speaks, changes its metadata, reads slowly, leaves or disappears,
 * and comes back, with its cursor where frames are kept. Everything is recorded.
 */
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { Invariants } from "../conformance/invariants.ts";
import { type ConnectionRecord, wordOf } from "./history.ts";
import type { Random } from "./random.ts";

export type Talk = {
  readonly index: number;
  /** The magic link's path and token. */
  readonly path: string;
  readonly token: string;
  readonly replay: boolean;
};

export type ClientOptions = {
  readonly number: number;
  readonly talk: Talk;
  readonly name: string;
  /** Null joins as a guest. */
  readonly credential: string | null;
  readonly random: Random;
  /** A gateway that runs at present, such as `http://127.0.0.1:1234`. */
  readonly gateway: () => string;
  readonly nowMs: () => number;
  readonly record: (connection: ConnectionRecord) => void;
};

/** Milliseconds until a connect counts as lost: a frozen gateway accepts and answers nothing. */
const CONNECT_MS = 12_000;

export class Client {
  readonly #options: ClientOptions;
  #socket: WebSocket | null = null;
  #invariants = new Invariants();
  #connection: ConnectionRecord | null = null;
  #cursor: string | null = null;
  #connections = 0;
  #said = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get talk(): Talk {
    return this.#options.talk;
  }

  get name(): string {
    return this.#options.name;
  }

  /** The stream of its open connection, and who is there by what it heard. */
  get present(): { readonly id: string; readonly roster: ReadonlySet<string> } | null {
    const first = this.#connection?.heard[0]?.frame;
    if (this.#socket?.readyState !== WebSocket.OPEN || first?.type !== "joined") return null;
    return { id: first.stream_id, roster: this.#invariants.roster };
  }

  /** Comes and goes until `untilMs`; then it is connected, unless another has its name. */
  async live(untilMs: number): Promise<void> {
    const { random, nowMs } = this.#options;
    while (nowMs() < untilMs) {
      const hasJoined = await this.connect();
      const stayMs = Math.min(untilMs, nowMs() + random.between(200, 6_000));
      while (hasJoined && this.present !== null && nowMs() < stayMs) {
        this.#act();
        await pause(random.between(5, 150));
      }
      if (nowMs() >= untilMs) return;
      await this.#go();
      await pause(random.between(10, 400));
    }
  }

  /** Connects and resolves with whether it joined. */
  async connect(): Promise<boolean> {
    const { talk, name, credential, random, gateway, nowMs, record, number } = this.#options;
    const at = gateway();
    const resumes = talk.replay && this.#cursor !== null && random.chance(0.8);
    const query = new URLSearchParams({ t: talk.token, stream_name: name, receipts: "true" });
    if (resumes) query.set("since", this.#cursor ?? "");
    const url = `${at.replace("http", "ws")}${talk.path}/connect?${query}`;
    const socket = new WebSocket(url, credential === null ? ["ams.v1", "ams.guest"] : ["ams.v1"], {
      perMessageDeflate: false,
      headers: credential === null ? {} : { authorization: `Bearer ${credential}` },
    });
    const invariants = new Invariants();
    const connection: ConnectionRecord = {
      client: number,
      conversation: talk.index,
      name,
      gateway: at,
      openedMs: nowMs(),
      resumed: resumes,
      heard: [],
      broken: invariants.broken,
      sent: [],
      end: null,
    };
    record(connection);
    this.#connections += 1;
    [this.#socket, this.#invariants, this.#connection] = [socket, invariants, connection];
    const settled = new Promise<boolean>((resolve) => {
      socket.on("message", (data, isBinary) => {
        this.#hear(connection, invariants, String(data), isBinary);
        resolve(true);
      });
      socket.on("close", (code, reason) => {
        connection.end = { atMs: nowMs(), code, reason: reason.toString() };
        resolve(false);
      });
      socket.on("error", () => undefined); // The close that follows says it.
    });
    const timer = setTimeout(() => socket.terminate(), CONNECT_MS);
    return settled.finally(() => clearTimeout(timer));
  }

  /** Says something that no other connection says; null when it can't. */
  say(): string | null {
    if (this.present === null) return null;
    const { talk, name, number } = this.#options;
    this.#said += 1;
    const data = wordOf(talk.index, name, `${number}.${this.#connections}`, this.#said);
    this.#connection?.sent.push(data);
    this.#socket?.send(JSON.stringify({ type: "token", data }));
    return data;
  }

  hasHeard(data: string): boolean {
    const heard = this.#connection?.heard ?? [];
    return heard.some(({ frame }) => frame.type === "token" && frame.data === data);
  }

  close(): void {
    this.#socket?.terminate();
  }

  #act(): void {
    const { random } = this.#options;
    if (random.chance(0.05)) {
      const metadata = { said: this.#said, by: this.#options.number };
      this.#socket?.send(JSON.stringify({ type: "set_metadata", metadata }));
      return;
    }
    for (let n = random.between(1, 5); n > 0; n -= 1) this.say();
  }

  /** Leaves politely, or disappears. */
  async #go(): Promise<void> {
    const socket = this.#socket;
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    if (this.#options.random.chance(0.5)) socket.close(1000);
    else socket.terminate();
    const cut = setTimeout(() => socket.terminate(), 2_000);
    await closed;
    clearTimeout(cut);
  }

  #hear(connection: ConnectionRecord, invariants: Invariants, text: string, isBinary: boolean) {
    const frame = invariants.check(text, isBinary);
    if (frame === null) return;
    connection.heard.push({ atMs: this.#options.nowMs(), frame });
    if (this.#connection !== connection) return;
    if ("cursor" in frame && typeof frame.cursor === "string") this.#cursor = frame.cursor;
  }
}
