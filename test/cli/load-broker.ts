/**
 * A broker for tests of `ams load` that speaks the wire truly, but for the one fault that a test
 * gives it.
 */
import { createServer, type Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

const ACCOUNT = "acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ";
const TS = "2026-01-31T12:00:00.000Z";

type Frame = Readonly<Record<string, unknown>>;

/** One delivery as it should be: `reader` counts subscribers in the order in which they joined. */
export type Delivery = { readonly frame: Frame; readonly n: number; readonly reader: number };

/** What reaches the reader instead. `close` ends its connection. */
export type Mischief = (
  delivery: Delivery,
  close: (code: number, reason: string) => void,
) => readonly Frame[];

export type BrokerOptions = {
  readonly mischief?: Mischief;
  /** Send an emitter its own tokens. */
  readonly echoes?: boolean;
  /** Refuse the connects from this one on, counted from 0. */
  readonly refusal?: { readonly from: number; readonly code: number; readonly reason: string };
  readonly features?: readonly string[];
  /** Take connects and say nothing. */
  readonly isMute?: boolean;
};

export type LoadBroker = {
  readonly link: string;
  /** Resolves at the first connect. */
  readonly called: Promise<void>;
  readonly stop: () => Promise<void>;
};

type Member = { readonly socket: WebSocket; readonly id: string; readonly name: string; n: number };

export async function startLoadBroker(options: BrokerOptions = {}): Promise<LoadBroker> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/v1" ? offerOf(options) : INSPECTED));
  });
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has("ams.v1") ? "ams.v1" : false),
  });
  const members: Member[] = [];
  let connects = 0;
  let reportCalled = () => {};
  const called = new Promise<void>((resolve) => {
    reportCalled = resolve;
  });
  sockets.on("connection", (socket, request) => {
    const { refusal } = options;
    const number = connects;
    connects += 1;
    reportCalled();
    if (options.isMute === true) return;
    if (refusal !== undefined && number >= refusal.from) {
      socket.close(refusal.code, refusal.reason);
      return;
    }
    const query = new URL(request.url ?? "", "http://broker").searchParams;
    const id = `str_${String(number).padStart(26, "0")}`;
    const member = { socket, id, name: query.get("stream_name") ?? "", n: 0 };
    join(member, members, number + 1);
    socket.on("message", (data) => {
      const frame: Frame = JSON.parse(String(data));
      if (frame.type === "token") emit(member, members, frame, options);
      if (frame.type === "ping") socket.send(JSON.stringify({ type: "pong" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    link: `http://127.0.0.1:${portOf(server)}/demo/conversations/hello?t=${"t".repeat(43)}`,
    called,
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const INSPECTED = {
  conversation_id: "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
  namespace: "demo",
  alias: "hello",
  id_kind: "ulid",
  metadata: {},
  replay: null,
  expires_at: null,
  created_at: TS,
  streams: [],
};

function offerOf({ features = ["guests"] }: BrokerOptions) {
  const limits = { streams_per_account: 10, subscribers_per_conversation: 100 };
  return { version: "0.0.0", features, limits };
}

function join(member: Member, members: Member[], epoch: number): void {
  const { socket, id, name } = member;
  const own = { stream_id: id, stream_name: name, owner_account_id: ACCOUNT };
  const peers = members.map((peer) => ({
    stream_id: peer.id,
    stream_name: peer.name,
    owner_account_id: ACCOUNT,
    metadata: {},
  }));
  const more = { metadata: {}, conversation_metadata: {}, self_subscribe: false, ts: TS };
  const conversation = { conversation_id: INSPECTED.conversation_id, epoch, peers };
  socket.send(JSON.stringify({ type: "joined", ...own, ...more, ...conversation }));
  for (const peer of members) {
    const frame = { type: "stream_joined", ...own, metadata: {}, ts: TS };
    peer.socket.send(JSON.stringify(frame));
  }
  members.push(member);
}

function emit(from: Member, members: readonly Member[], said: Frame, options: BrokerOptions): void {
  const { mischief = ({ frame }) => [frame], echoes = false } = options;
  from.n += 1;
  const { n } = from;
  const epoch = Number(from.id.slice(4)) + 1;
  const stream = { stream_id: from.id, stream_name: from.name, owner_account_id: ACCOUNT };
  const frame = { type: "token", ...stream, ts: TS, seq: `${epoch}-${n}`, data: said.data };
  members.forEach((member, reader) => {
    if (member === from && !echoes) return;
    const close = (code: number, reason: string) => member.socket.close(code, reason);
    for (const sent of mischief({ frame, n, reader }, close)) {
      member.socket.send(JSON.stringify(sent));
    }
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The broker has ended.");
  return address.port;
}
