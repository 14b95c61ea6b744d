/**
 * Requests and answers in a conversation, the basis of the adapters beside this file. A request is
 * a turn of JSON, `{"id", …}`. Its answer is a turn of the agent: lines of JSON, of which the first
 * is `{"re": id}`. Where the conversation keeps its frames, both come again after a reload.
 */
import {
  AmsError,
  type Connection,
  type JoinOptions,
  join,
  sentinelOf,
  splitText,
} from "@ams/client";

export type Fields = { readonly [key: string]: unknown };
export type Request = Fields & { readonly id: string };
/** `agent` is the name of the agent's stream, or its id, which no other account can take. */
export type Place = {
  readonly link: string;
  readonly agent: string;
  readonly options?: JoinOptions | undefined;
};
export type Respond = (request: Request, signal: AbortSignal) => AsyncIterable<object>;

/** What a reader finds, in order. `live`: everything that was kept has come. */
export type Found =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "line"; readonly id: string; readonly value: Fields }
  | { readonly type: "end"; readonly id: string; readonly isWhole: boolean }
  | { readonly type: "live" };

/** How many kept frames are read after a reload: all. */
const ALL = 1_000_000_000;
/** Characters of one request or line; what is longer is passed over. */
const TEXT_CHARACTERS_MAX = 4_194_304;
/** Requests of an agent that wait or are answered; any more get an empty answer. */
const REQUESTS_MAX = 100;

/**
 * What is asked, and what `agent` (the id or name of a stream) answers, from this call on. Throws
 * what ended the connection, and `tokens_lost` when a part of an answer is lost.
 */
export async function* answers(me: Connection, agent: string): AsyncGenerator<Found, undefined> {
  const texts = new Map<string, string>(); // Of each stream, what its open turn says.
  let id: string | null = null;
  for await (const event of me.events()) {
    if (event.type === "live") yield { type: "live" };
    if (event.type === "gap" && (event.streamName === agent || event.streamId === agent)) {
      throw new AmsError("tokens_lost", "A part of the answer is lost.");
    }
    const isToken = event.type === "token";
    if (!isToken && event.type !== "stream_left" && event.type !== "stream_ended") continue;
    const { streamId, streamName } = event;
    const isAgent = streamName === agent || streamId === agent;
    const text = texts.get(streamId) ?? "";
    if (isToken && sentinelOf(event.data) === null) {
      const lines = isAgent ? `${text}${event.data}`.split("\n") : [text + event.data];
      const rest = lines.pop() ?? "";
      texts.set(streamId, rest.length > TEXT_CHARACTERS_MAX ? "" : rest);
      for (const value of lines.map(read)) {
        if (typeof value?.re === "string") id = value.re;
        else if (value && id !== null) yield { type: "line", id, value };
      }
    } else {
      texts.delete(streamId);
      const request = isAgent || !isToken ? null : read(text);
      if (isRequest(request)) yield { type: "request", request };
      if (isAgent && id !== null) yield { type: "end", id, isWhole: isToken };
      if (isAgent) id = null;
    }
  }
}

/** Asks, and gives the lines of the answer; an aborted signal stops it. */
export async function ask(
  { link, agent, options }: Place,
  fields: Fields,
  signal?: AbortSignal,
): Promise<ReadableStream<Fields>> {
  const me = await join(link, { ...options });
  const [items, id] = [answers(me, agent), crypto.randomUUID()];
  await send(me, { ...fields, id });
  return linesOf(me, items, new Set([id]), [], signal);
}

async function send(me: Connection, request: Request): Promise<void> {
  await me.pipe(splitText(JSON.stringify(request)));
}

/** What was kept of one answer. */
export type Kept = { readonly lines: Fields[]; hasEnded: boolean };

/**
 * The kept answers to our requests by id, oldest first; and the lines of those that `ids` names,
 * with what is still to come.
 */
export async function reopen(
  { link, agent, options }: Place,
  isOurs: (request: Request) => boolean,
  signal?: AbortSignal,
) {
  let isKept = true;
  const me = await join(link, { ...options, last: ALL }).catch((error: unknown) => {
    if (!(error instanceof AmsError && error.code === "no_replay")) throw error;
    isKept = false; // A conversation that keeps nothing: there is no answer to go on with.
    return join(link, { ...options });
  });
  const items = answers(me, agent);
  const kept = new Map<string, Kept>();
  while (isKept) {
    const { value: found } = await items.next();
    if (found === undefined || found.type === "live") break;
    if (found.type === "request" && isOurs(found.request)) {
      kept.set(found.request.id, { lines: [], hasEnded: false });
    }
    if (found.type === "line") kept.get(found.id)?.lines.push(found.value);
    const ended = found.type === "end" ? kept.get(found.id) : undefined;
    if (ended) ended.hasEnded = true;
  }
  const lines = (ids: readonly string[]) => {
    const early = ids.flatMap((id) => kept.get(id)?.lines ?? []);
    const open = new Set(ids.filter((id) => kept.get(id)?.hasEnded === false));
    return linesOf(me, items, open, early, signal);
  };
  return { kept, lines, close: () => me.close() };
}

/**
 * The lines of the answers to `ids`: those that came early, then those to come, up to the end of
 * the last answer. It closes the connection at its end, or when its reader cancels it. An aborted
 * signal stops the answers first.
 */
function linesOf(
  me: Connection,
  items: AsyncGenerator<Found, undefined>,
  ids: Set<string>,
  early: readonly Fields[] = [],
  signal?: AbortSignal,
): ReadableStream<Fields> {
  let left: Promise<unknown> | null = null;
  const leave = () => {
    left ??= me.close();
    return left;
  };
  const stop = (id: string) => send(me, { id: crypto.randomUUID(), stop: id });
  const end = () => {
    left ??= Promise.allSettled([...ids].map(stop)).then(() => me.close());
  };
  async function* lines() {
    try {
      yield* early;
      while (ids.size > 0) {
        const { value: found } = await items.next();
        if (found === undefined) return;
        if (found.type === "line" && ids.has(found.id)) yield found.value;
        if (found.type !== "end" || !ids.delete(found.id) || found.isWhole) continue;
        throw new AmsError("connection_lost", "The agent left before the end of its answer.");
      }
    } finally {
      leave().catch(() => {});
    }
  }
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end, { once: true });
  const source = lines();
  const pull = async (controller: ReadableStreamDefaultController<Fields>) => {
    const { done, value } = await source.next();
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream<Fields>({ pull, cancel: () => leave().then(() => {}) });
}

/**
 * The agent's side: answers one request after the other, in the order in which they came, until the
 * connection ends. A stop aborts the signal that `respond` got, and ends the answer at once, also
 * that of a writer that ignores the signal. What fails or is stopped ends with `onError`'s line.
 */
export async function serve(
  me: Connection,
  respond: Respond,
  onError: (error: unknown) => object,
): Promise<void> {
  const running = new Map<string, AbortController>();
  let last: Promise<unknown> = Promise.resolve();
  for await (const found of answers(me, me.streamId)) {
    if (found.type !== "request") continue;
    const { request } = found;
    if (typeof request.stop === "string") running.get(request.stop)?.abort();
    else if (!running.has(request.id)) {
      const control = new AbortController();
      const lines = running.size < REQUESTS_MAX ? respond : nothing;
      running.set(request.id, control);
      const answer = () => write(me, request, lines, onError, control.signal);
      last = last.then(answer).finally(() => running.delete(request.id));
      last.catch(() => {}); // The connection has ended, and so does the loop.
    }
  }
}

async function write(
  me: Connection,
  request: Request,
  respond: Respond,
  onError: (error: unknown) => object,
  signal: AbortSignal,
): Promise<void> {
  async function* tokens() {
    yield* splitText(`${JSON.stringify({ re: request.id })}\n`);
    try {
      for await (const value of respond(request, signal)) yield* line(value);
    } catch (error) {
      yield* line(onError(error));
    }
  }
  try {
    await me.pipe(tokens(), { signal });
  } catch (error) {
    if (!(error instanceof AmsError && error.code === "aborted")) throw error;
    await me.pipe(line(onError(signal.reason)));
  }
}

async function* nothing() {}

const line = (value: object) => splitText(`${JSON.stringify(value)}\n`);

const isRequest = (value: Fields | null): value is Request => typeof value?.id === "string";

function read(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
