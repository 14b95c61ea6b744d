/** A subscriber by the feed's events (docs/FEED.md): no socket, no stream of its own. */
import { AmsError } from "@ams/client";
import { Verifier } from "../verify/verifier.ts";
import { agentFor, eachEvent, exchange } from "./events.ts";
import type { Ending, Reader, ReaderOptions } from "./reader.ts";

export class SseReader implements Reader {
  readonly kind = "sse";
  readonly listens = true;
  readonly conversation: number;
  readonly verifier: Verifier;
  readonly #options: ReaderOptions;
  readonly #agent;
  #ended = new AbortController();
  ending: Ending | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.conversation = options.conversation;
    this.verifier = new Verifier(options);
    this.#agent = agentFor(options.link, options.source);
  }

  get isOpen(): boolean {
    return this.ending === null && !this.#ended.signal.aborted;
  }

  async join(): Promise<void> {
    const ended = new AbortController();
    this.#ended = ended;
    const headers = { accept: "text/event-stream" };
    const options = { headers, agent: this.#agent, signal: ended.signal };
    const response = await exchange(logOf(this.#options.link), options);
    if (response.statusCode !== 200) {
      response.resume();
      const sentence = `The feed answered ${response.statusCode}: it needs a deployment with the feed edge, and a conversation that keeps its frames.`;
      throw new AmsError("refused", sentence);
    }
    const read = eachEvent(response, ({ event, data }) => {
      if (event === "end") this.#end(data);
      else if (data.startsWith("{")) this.verifier.receive(data);
    });
    read.then(
      () => this.#end("closed"),
      () => this.#end("connection_lost"),
    );
  }

  /** The feed's comments show that it is there; nothing can be asked for on this way. */
  async confirm(): Promise<void> {}

  async drop(): Promise<void> {
    this.#ended.abort();
    this.verifier.away();
  }

  async leave(): Promise<void> {
    this.#ended.abort();
    this.#agent.destroy();
  }

  #end(reason: string): void {
    if (this.isOpen) this.ending = { code: null, reason };
  }
}

/** The log below the link, from now on. */
function logOf(link: string): string {
  const url = new URL(link);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/log`;
  url.searchParams.set("since", "now");
  return url.href;
}
