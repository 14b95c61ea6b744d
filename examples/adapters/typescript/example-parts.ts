// What the examples beside this file use: a model that says what it is given, and a page's chat
// without a page. `useChat` of React, Vue and Svelte are the same chat with their own state.

import type { Respond } from "@ams/client/answers";
import {
  AbstractChat,
  type ChatInit,
  type ChatState,
  convertToModelMessages,
  type LanguageModel,
  streamText,
  type UIMessage,
} from "ai";

type Model = Exclude<LanguageModel, string> & { readonly specificationVersion: "v3" };

/** Says these words; `pace` is awaited before each. */
export function fakeModel(words: readonly string[], pace: () => Promise<unknown>): Model {
  const none = { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 };
  const usage = { inputTokens: none, outputTokens: { total: 0, text: 0, reasoning: 0 } };
  return {
    specificationVersion: "v3",
    provider: "example",
    modelId: "fake",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("The examples stream.")),
    doStream: async () => ({
      stream: ReadableStream.from(
        (async function* () {
          yield { type: "stream-start", warnings: [] } as const;
          yield { type: "text-start", id: "1" } as const;
          for (const word of words) {
            await pace();
            yield { type: "text-delta", id: "1", delta: word } as const;
          }
          yield { type: "text-end", id: "1" } as const;
          const finishReason = { unified: "stop", raw: "stop" } as const;
          yield { type: "finish", usage, finishReason } as const;
        })(),
      ),
    }),
  };
}

/** The agent's side of a chat: a request is what `useChat` gives a route. */
export function respondBy(model: () => Model): Respond {
  return async function* (request, abortSignal) {
    const messages = await convertToModelMessages(request.messages as UIMessage[]);
    yield* streamText({ model: model(), messages, abortSignal }).toUIMessageStream();
  };
}

/** The state of a page: its messages, and how the chat is. */
class PageState implements ChatState<UIMessage> {
  status: ChatState<UIMessage>["status"] = "ready";
  error: Error | undefined;
  messages: UIMessage[];

  constructor(messages: readonly UIMessage[]) {
    this.messages = [...messages];
  }
  pushMessage = (message: UIMessage) => void this.messages.push(message);
  popMessage = () => void this.messages.pop();
  replaceMessage = (index: number, message: UIMessage) => {
    this.messages[index] = message;
  };
  snapshot = <T>(thing: T): T => structuredClone(thing);
}

export class PageChat extends AbstractChat<UIMessage> {
  constructor({ messages = [], ...init }: ChatInit<UIMessage>) {
    super({ ...init, state: new PageState(messages) });
  }

  /** The text of the last message of the assistant. */
  get answer(): string {
    const last = this.messages.findLast(({ role }) => role === "assistant");
    return (last?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
  }
}
