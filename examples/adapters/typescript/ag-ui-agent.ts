/**
 * AG-UI: an agent that is a member of a conversation. `runAgent` asks it; `connectAgent` gives a
 * page that was loaded again all runs of its thread, with the rest of one that is going on, where
 * the conversation keeps its frames; `abortRun` ends the writer.
 */
import { AbstractAgent, type AgentConfig, type BaseEvent, type RunAgentInput } from "@ag-ui/client";
import { type AgentAddress, ask, type Fields, reopen } from "@ams/client/answers";
import { Observable } from "rxjs";

type Open = (signal: AbortSignal) => Promise<ReadableStream<Fields>>;

export class AmsAgent extends AbstractAgent {
  readonly #agent: AgentAddress;
  #abort = new AbortController();

  constructor({ link, agent, options, ...config }: AgentConfig & AgentAddress) {
    super(config);
    this.#agent = { link, agent, options };
  }

  override run(input: RunAgentInput): Observable<BaseEvent> {
    return this.#events((signal) => ask(this.#agent, input, signal));
  }

  protected override connect({ threadId }: RunAgentInput): Observable<BaseEvent> {
    return this.#events(async (signal) => {
      const isOurs = (request: Fields) => request.threadId === threadId;
      const { ids, lines } = await reopen(this.#agent, isOurs, signal);
      return lines(ids);
    });
  }

  override abortRun(): void {
    this.#abort.abort();
  }

  #events(open: Open): Observable<BaseEvent> {
    return new Observable<BaseEvent>((subscriber) => {
      this.#abort = new AbortController();
      const opening = open(this.#abort.signal).then((lines) => lines.getReader());
      const read = async (): Promise<void> => {
        for (const reader = await opening; !subscriber.closed; ) {
          const { done, value } = await reader.read();
          if (done) return subscriber.complete();
          subscriber.next(value as unknown as BaseEvent);
        }
      };
      read().catch((error: unknown) => subscriber.error(error));
      return () => void opening.then((reader) => reader.cancel()).catch(() => {});
    });
  }
}
