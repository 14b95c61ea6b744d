/** The side of a page or program that asks an agent, and goes on with an answer after a reload. */
import { AmsError, type Connection, type JoinOptions, join, splitText } from "@ams/client";
import { type Fields, type Found, findAnswers, type Request } from "./found.ts";

/**
 * Whom to ask. `agent` is the name of the agent's stream, or its id, which no other account can
 * take; `options` are those of `join`.
 */
export type AgentAddress = {
  readonly link: string;
  readonly agent: string;
  readonly options?: JoinOptions | undefined;
};

/** What was kept of requests and answers. */
export type Reopened = {
  /** Ids of the requests that are kept and that `isOurs` knows, oldest first. */
  readonly ids: readonly string[];
  /**
   * The lines of the answers to these requests: those that were kept, then those still to come. To
   * be called once. The connection closes at its end, or when its reader cancels it.
   */
  readonly lines: (ids: readonly string[]) => ReadableStream<Fields>;
  /** Leaves, where no lines are wanted. */
  readonly close: () => Promise<void>;
};

/** How many kept frames are read after a reload: all. */
const ALL = 1_000_000_000;

/**
 * Joins, asks, and gives the lines of the answer as they come; then leaves. An aborted signal stops
 * the agent's work on it and ends the lines. The lines fail with what ended the connection,
 * `tokens_lost` when a part is lost, and `connection_lost` when the agent left before the end.
 * Errors: those of `join` and `pipe`. Source: docs/CONVENTIONS.md.
 */
export async function ask(
  { link, agent, options }: AgentAddress,
  fields: Fields,
  signal?: AbortSignal,
): Promise<ReadableStream<Fields>> {
  const me = await join(link, { ...options });
  const [items, id] = [findAnswers(me, agent), crypto.randomUUID()];
  await orLeave(me, send(me, { ...fields, id }));
  return linesOf(me, items, new Set([id]), [], signal);
}

/** Waits for what is done with a connection, and closes it where that fails. */
async function orLeave<T>(me: Connection, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await me.close().catch(() => {});
    throw error;
  }
}

async function send(me: Connection, request: Request): Promise<void> {
  await me.pipe(splitText(JSON.stringify(request)));
}

/**
 * Joins again after a reload and reads what the conversation has kept. In a conversation that keeps
 * nothing there are no ids. Errors: those of `join`, and as the lines of `ask`.
 */
export async function reopen(
  { link, agent, options }: AgentAddress,
  isOurs: (request: Request) => boolean,
  signal?: AbortSignal,
): Promise<Reopened> {
  let isKept = true;
  const me = await join(link, { ...options, last: ALL }).catch((error: unknown) => {
    if (!(error instanceof AmsError && error.code === "no_replay")) throw error;
    isKept = false;
    return join(link, { ...options });
  });
  const items = findAnswers(me, agent);
  const kept = new Map<string, { readonly lines: Fields[]; hasEnded: boolean }>();
  while (isKept) {
    const { value: found } = await orLeave(me, items.next());
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
  return { ids: [...kept.keys()], lines, close: () => me.close().then(() => {}) };
}

/**
 * The lines of the answers to `ids`: those that came early, then those to come, up to the end of
 * the last answer. An aborted signal stops the answers first.
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
      signal?.removeEventListener("abort", end);
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
