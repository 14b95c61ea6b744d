/**
 * Vercel AI SDK: `useChat({ transport: new AmsChatTransport({ link, agent: "assistant" }) })`. With
 * `resume: true` an answer survives a reload, where the conversation keeps its frames; `stop()`
 * ends its writer, on whatever gateway that is.
 */

import { type AgentAddress, ask, type Fields, reopen } from "@ams/client/answers";
import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";

type Sent<M extends UIMessage> = Parameters<ChatTransport<M>["sendMessages"]>[0];
type Resumed = Parameters<ChatTransport<UIMessage>["reconnectToStream"]>[0];
type Chunks = ReadableStream<UIMessageChunk>;

export class AmsChatTransport<M extends UIMessage> implements ChatTransport<M> {
  /** A resumed answer comes again from its beginning. */
  readonly resumeStreamIsReplay = true;
  readonly #agent: AgentAddress;

  constructor(agent: AgentAddress) {
    this.#agent = agent;
  }

  async sendMessages({ abortSignal, trigger, chatId, messageId, messages }: Sent<M>) {
    const request = { trigger, chatId, messageId, messages };
    return (await ask(this.#agent, request, abortSignal)) as Chunks;
  }

  /**
   * The last answer of this chat, whether it has ended or not, so that no reload comes too late for
   * its end; null when nothing is kept of one.
   */
  async reconnectToStream({ chatId, abortSignal }: Resumed) {
    const isOurs = (request: Fields) => request.chatId === chatId;
    const { ids, lines, close } = await reopen(this.#agent, isOurs, abortSignal);
    const id = ids.at(-1);
    if (id !== undefined) return lines([id]) as Chunks;
    await close();
    return null;
  }
}

/** The last chunk of an answer that was stopped or failed, for `serve`; it holds no secret. */
export function onError(error: unknown): UIMessageChunk {
  const isStop = error instanceof Error && error.name === "AbortError";
  return isStop ? { type: "abort" } : { type: "error", errorText: "The agent failed." };
}
