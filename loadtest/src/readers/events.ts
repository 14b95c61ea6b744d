/** Requests and server-sent events over Node's own HTTP, for readers without a WebSocket. */
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { request as requestSecurely, Agent as SecureAgent } from "node:https";
import { createParser } from "eventsource-parser";

/** Characters of one event that are kept: a token of the largest size, escaped, and its frame. */
const EVENT_CHARACTERS_MAX = 1_048_576;

export type Event = { readonly event: string | undefined; readonly data: string };

/** Keeps connections open for one reader, from one address of this machine. */
export function agentFor(url: string, source: string | null): Agent {
  const options = { keepAlive: true, ...(source === null ? {} : { localAddress: source }) };
  return new URL(url).protocol === "https:" ? new SecureAgent(options) : new Agent(options);
}

/** Resolves with the answer when its head is there. */
export function exchange(
  url: string,
  options: RequestOptions,
  body?: string,
): Promise<IncomingMessage> {
  const send = new URL(url).protocol === "https:" ? requestSecurely : request;
  return new Promise((resolve, reject) => {
    send(url, options, resolve).on("error", reject).end(body);
  });
}

/** Passes every event; resolves when the answer has ended, and rejects when it was cut off. */
export function eachEvent(response: IncomingMessage, pass: (event: Event) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const parser = createParser({
      onEvent: ({ event, data }) => pass({ event, data }),
      onError: () => undefined, // Fields that nobody here knows.
      maxBufferSize: EVENT_CHARACTERS_MAX,
    });
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => parser.feed(chunk));
    response.once("end", resolve).once("error", reject);
    response.once("close", () => {
      if (!response.complete) reject(new Error("The stream of events was cut off."));
    });
  });
}
