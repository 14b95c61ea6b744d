// The TypeScript SDK as a program that speaks JSON lines. Its argument is the entry: node.js, or
// index.js, which is the browser's and finds its WebSocket in its surroundings.
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const entry = process.argv[2];
if (entry === "index.js") globalThis.WebSocket = WebSocket;
const { AmsError, join } = await import(
  new URL(`../../../libs/client/dist/${entry}`, import.meta.url).href
);

/** Each connection of a case, with the iterators that it has begun. */
const connections = new Map();

const OPTIONS = {
  stream_name: "streamName",
  stream_metadata: "streamMetadata",
  self_subscribe: "selfSubscribe",
  subscribe_streams: "subscribeStreams",
  catch_up: "catchUp",
  send_buffer_bytes: "sendBufferBytes",
};

function optionsOf({ reconnect_for_s: seconds, ...given }) {
  const options = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [OPTIONS[name] ?? name, value]),
  );
  if (options.credential === undefined) options.guest = true;
  return seconds === undefined ? options : { ...options, reconnectForMs: seconds * 1_000 };
}

async function take(iterator, count) {
  const items = [];
  while (count === undefined || items.length < count) {
    const { value, done } = await iterator.next();
    if (done) break;
    items.push(value);
  }
  return items;
}

const sorted = (texts) => texts.sort((a, b) => (a < b ? -1 : 1));
const whole = async (text) => (await take(text)).join("");

/** What listens: called at once, and read later. */
const LISTENING = {
  text: ({ me }, { stream, gaps }) => {
    const text = me.text(stream, gaps === undefined ? {} : { gaps });
    return () => take(text);
  },
  turn_texts: ({ me }, { stream, count }) => {
    const turns = me.turns(stream);
    return async () => {
      const texts = [];
      for await (const turn of turns) if (texts.push(await whole(turn)) === count) break;
      return texts;
    };
  },
  all_turns: ({ me }, { count }) => {
    const turns = me.turns();
    return async () => {
      const begun = await take(turns, count);
      const texts = await Promise.all(
        begun.map(async (turn) => `${turn.from}: ${await turn.text}`),
      );
      return sorted(texts);
    };
  },
  tokens: ({ me }, { of, count }) => {
    const tokens = me.tokens(of === undefined ? {} : { from: of });
    return async () => (await take(tokens, count)).map((token) => token.data);
  },
};

const CALLS = {
  join: async (_, { on, link, options }) => {
    const me = await join(link, optionsOf(options));
    const events = me.events();
    const closed = me.closed.then((error) => error?.code ?? null);
    connections.set(on, { me, events, closed, iterators: new Map() });
    return null;
  },
  send: async ({ me }, { data }) => (await me.send(data))?.seq ?? null,
  pipe: async ({ me }, { items }) => (await me.pipe(items)).tokens,
  end_turn: async ({ me }) => void (await me.endTurn()),
  set_metadata: async ({ me }, { metadata }) => void (await me.setMetadata(metadata)),
  metadata: async ({ me }) => me.metadata,
  cursor: async ({ me }) => me.cursor,
  peer: async ({ me }, { stream }) => (await me.peer(stream)).streamName,
  peers: async ({ me }) => sorted([...me.peers.values()].map((peer) => peer.streamName)),
  ping: async ({ me }) => void (await me.ping()),
  close: async ({ me }) => void (await me.close()),
  closed: async ({ closed }) => await closed,
  events: async ({ events }, { count }) => (await take(events, count)).map(eventOf),
  read: async ({ iterators }, { name }) => await iterators.get(name)(),
  forget: async (connection, { on }) => {
    connections.delete(on);
    await connection?.me.close();
  },
};

function eventOf(event) {
  const { type, streamName, seq, data, metadata, after, before, missing, reason } = event;
  const code = event.cause?.code;
  return {
    ...{ type, seq, data, metadata, after, before, missing, reason, code },
    stream_name: streamName,
    reconnected: event.reconnected,
    ...{ replay: event.replay, replays: event.replays, cursor: event.cursor },
    complete: event.complete,
  };
}

async function answer(request) {
  const { op, as, listen } = request;
  const connection = connections.get(request.on);
  const begin = LISTENING[op];
  if (begin === undefined) return await CALLS[op](connection, request);
  const read = begin(connection, request);
  if (!listen) return await read();
  connection.iterators.set(as, read);
  return null;
}

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const request = JSON.parse(line);
    const result = await answer(request).then(
      (ok) => ({ ok: ok ?? null }),
      (error) => ({ error: error instanceof AmsError ? error.code : String(error.stack) }),
    );
    process.stdout.write(`${JSON.stringify({ id: request.id, ...result })}\n`);
  })
  .on("close", () => process.exit(0));
