/** The broker of the behaviour suite: it does what a case says, and nothing else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export type Fields = Readonly<Record<string, unknown>>;

export const PEER_ID = streamId("peer");
const TS = "2026-01-31T12:00:00.000Z";

/** Milliseconds for anything that a case waits for. */
const WAIT_MS_MAX = 20_000;

export function streamId(name: string): string {
  const hex = Buffer.from(name).toString("hex").padEnd(26, "0").slice(0, 26);
  return `str_${hex}`;
}

export function named(name: string): Fields {
  return { stream_id: streamId(name), stream_name: name, owner_account_id: "acc_1" };
}

/** The frame that a short form of a case stands for; any other frame as it is. */
export function frameOf(short: Fields): Fields {
  const stream = named(typeof short.of === "string" ? short.of : "peer");
  const { token, metadata, left, came, type } = short;
  if (type !== undefined) return short;
  if (Array.isArray(token)) {
    return { type: "token", ...stream, ts: TS, seq: token[0], data: token[1] };
  }
  if (Array.isArray(metadata)) {
    return { type: "stream_metadata", ...stream, metadata: metadata[1], seq: metadata[0], ts: TS };
  }
  if (came === true) return { type: "stream_joined", ...stream, metadata: {}, ts: TS };
  if (left !== undefined) return { type: "stream_left", ...stream, ts: TS, seq: left };
  throw new Error(`No frame: ${JSON.stringify(short)}`);
}

/** One connect of the client. */
export class Call {
  readonly query: URLSearchParams;
  readonly protocols: readonly string[];
  readonly #socket: WebSocket;
  readonly #heard = new Waiting<Fields>();

  constructor(socket: WebSocket, url: string, protocols: string) {
    this.#socket = socket;
    this.query = new URL(url, "http://h").searchParams;
    this.protocols = protocols.split(/, ?/);
    socket.on("message", (data) => this.#heard.push(JSON.parse(String(data)) as Fields));
    socket.on("error", () => {});
  }

  join(members: Fields): void {
    const { peers, ...others } = members;
    const roster = Array.isArray(peers) ? (peers as readonly Fields[]) : [];
    this.say({
      type: "joined",
      ...named(this.query.get("stream_name") ?? "own"),
      stream_id: streamId("own"),
      conversation_id: "conv_1",
      metadata: {},
      conversation_metadata: {},
      self_subscribe: false,
      ts: TS,
      epoch: 1,
      peers: roster.map((peer) => ({ metadata: {}, ...named(String(peer.named)), ...peer })),
      ...others,
    });
  }

  say(frame: Fields): void {
    this.sayText(JSON.stringify(frame));
  }

  sayText(text: string): void {
    this.#socket.send(text);
  }

  hears(): Promise<Fields> {
    return this.#heard.next();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }
}

export type Broker = {
  readonly link: string;
  readonly call: () => Promise<Call>;
  readonly stop: () => Promise<void>;
};

export async function startBroker(): Promise<Broker> {
  const calls = new Waiting<Call>();
  const server = createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => "ams.v1" });
  sockets.on("connection", (socket, { url = "/", headers }) => {
    calls.push(new Call(socket, url, headers["sec-websocket-protocol"] ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    link: `http://127.0.0.1:${port}/ns/conversations/al?t=${"t".repeat(43)}`,
    call: () => calls.next(),
    stop: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What arrives, for who waits for it. */
class Waiting<Item> {
  readonly #items: Item[] = [];
  #wake: () => void = () => {};

  push(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  async next(): Promise<Item> {
    const late = Date.now() + WAIT_MS_MAX;
    while (this.#items.length === 0) {
      if (Date.now() > late) throw new Error("The client did nothing.");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 500);
      });
    }
    return this.#items.shift() as Item;
  }
}
