/** A broker whose every answer a test chooses: real sockets on loopback, no rules. */
import { createServer, type Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

export const OWN_ID = `str_${"0".repeat(26)}`;
export const PEER_ID = `str_${"1".repeat(26)}`;
export const CREDENTIAL = `ams_sk_${"c".repeat(43)}`;
export const LINK_TOKEN = "t".repeat(43);

const ACCOUNT = "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ";
export const TS = "2026-01-31T12:00:00.000Z";

/** How a frame names the stream of one peer. */
export function named(streamName: string, streamId: string = PEER_ID) {
  return { stream_id: streamId, stream_name: streamName, owner_account_id: ACCOUNT };
}

export function token(seq: string, data: string, stream = named("peer")) {
  return { type: "token", ...stream, ts: TS, seq, data };
}

type Answer = { readonly status: number; readonly type?: string; readonly body?: string };

/** One connect of the client. */
export class FakeCall {
  readonly query: URLSearchParams;
  readonly protocols: readonly string[];
  /** Resolves with the code by which the client closed. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #frames: string[] = [];
  #wake: () => void = () => {};

  constructor(socket: WebSocket, url: URL, protocols: readonly string[]) {
    this.#socket = socket;
    this.query = url.searchParams;
    this.protocols = protocols;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("message", (data) => {
      this.#frames.push(String(data));
      this.#wake();
    });
  }

  /** The next frame that the client sent. */
  async frame(): Promise<Readonly<Record<string, unknown>>> {
    while (this.#frames.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return JSON.parse(this.#frames.shift() ?? "");
  }

  send(...frames: readonly object[]): void {
    for (const frame of frames) this.#socket.send(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  join(members: object = {}): void {
    this.send({
      type: "joined",
      conversation_id: "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
      ...named(this.query.get("stream_name") ?? "stream-generated", OWN_ID),
      metadata: {},
      conversation_metadata: { title: "Stand-up" },
      self_subscribe: false,
      ts: TS,
      epoch: 1,
      peers: [],
      ...members,
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** The connection breaks without a close. */
  cut(): void {
    this.#socket.terminate();
  }

  /** The connection stays and says nothing more, not even a TCP acknowledgement of what it read. */
  freeze(): void {
    this.#socket.pause();
  }
}

export class FakeBroker {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has("ams.v1") ? "ams.v1" : false),
  });
  readonly #calls: FakeCall[] = [];
  #wake: () => void = () => {};
  /** What plain HTTP requests are answered. */
  answer: (method: string, path: string, body: string) => Answer = () => ({ status: 404 });
  /** False turns WebSockets away, as some proxies do. */
  upgrades = true;

  constructor(server: Server) {
    this.#server = server;
    server.on("upgrade", (request, socket, head) => {
      if (!this.upgrades) return void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(/, ?/);
        const url = new URL(request.url ?? "", "http://localhost");
        this.#calls.push(new FakeCall(webSocket, url, protocols));
        this.#wake();
      });
    });
    server.on("request", (request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += chunk;
      });
      request.on("end", () => {
        const { status, type, body } = this.answer(request.method ?? "", request.url ?? "", text);
        response.writeHead(status, { "content-type": type ?? "application/json" }).end(body);
      });
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The broker has ended.");
    return `http://127.0.0.1:${address.port}`;
  }

  get link(): string {
    return `${this.url}/demo/conversations/stand-up?t=${LINK_TOKEN}`;
  }

  /** The next connect. */
  async call(): Promise<FakeCall> {
    while (this.#calls.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const [call] = this.#calls.splice(0, 1);
    if (call === undefined) throw new Error("There is a call.");
    return call;
  }

  async stop(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export async function startFakeBroker(): Promise<FakeBroker> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new FakeBroker(server);
}
