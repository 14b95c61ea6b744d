/** The agent's side: requests are answered one after the other. */
import { AmsError, type Connection, splitText } from "@ams/client";
import { findAnswers, type Request } from "./found.ts";

/** Gives the lines of an answer, objects that JSON can say. `signal` aborts when it is stopped. */
export type Respond = (request: Request, signal: AbortSignal) => AsyncIterable<object>;

/** Requests of an agent that wait or are answered; any more get an empty answer. */
const REQUESTS_MAX = 100;

/**
 * Answers one request after the other, in the order in which they came, until the connection ends.
 * A stop aborts the signal that `respond` got, and ends the answer at once, also that of a writer
 * that ignores the signal. What fails or is stopped ends with the line that `onError` gives; it
 * goes to everybody in the conversation, so it should hold no secret. Errors: what ended the
 * connection, if that was not `close`.
 */
export async function serve(
  me: Connection,
  respond: Respond,
  onError: (error: unknown) => object,
): Promise<void> {
  const running = new Map<string, AbortController>();
  let last: Promise<unknown> = Promise.resolve();
  for await (const found of findAnswers(me, me.streamId)) {
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
