/** MCP over HTTP without an SDK: what is sent and answered, byte for byte. */
import { sentinelOf } from "@ams/client";
import { expect } from "vitest";

export type Json = { readonly [key: string]: unknown };

const BOTH = "application/json, text/event-stream";

export type Ask = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

/** A POST with the headers of an honest client, or whatever is asked for instead. */
export function ask(
  url: string,
  { method = "POST", headers = {}, body, signal }: Ask,
): Promise<Response> {
  const isText = typeof body === "string" || body === undefined;
  return fetch(url, {
    method,
    headers: {
      accept: BOTH,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export function initialize(name = "raw", protocolVersion = "2025-11-25"): Json {
  const capabilities = { experimental: { ams: { push: true } } };
  const params = { protocolVersion, capabilities, clientInfo: { name, version: "1" } };
  return { jsonrpc: "2.0", id: 1, method: "initialize", params };
}

let lastId = 1;

/** A tool call with an id of its own: a session takes two of the same for one. */
export function call(name: string, given: Json = {}): Json {
  lastId += 1;
  const id = lastId;
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: given } };
}

/** A request of the stateless era. */
export function stateless(method: string, params: Json = {}, id: number | string = 3): Json {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return { jsonrpc: "2.0", id, method, params: { ...params, _meta } };
}

export function statelessHeaders(method: string, name?: string): Record<string, string> {
  return {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name }),
  };
}

/** A session that stands, by its id. */
export async function open(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  name = "raw",
): Promise<string> {
  const response = await ask(url, { body: initialize(name), headers });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

/** The messages of a whole event stream, or the one of a JSON answer. */
export async function messages(response: Response): Promise<readonly Json[]> {
  const text = await response.text();
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    return [JSON.parse(text)];
  }
  return text
    .split("\n")
    .flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : []));
}

export type ToolAnswer = {
  readonly isError: boolean;
  /** What a host shows a model that shows it no structure. */
  readonly text: string;
  readonly value: Record<string, unknown> & {
    readonly messages?: readonly Json[];
    readonly events?: readonly Json[];
    readonly frames?: readonly { readonly method: string; readonly params: Json }[];
  };
  /** What came before the answer on the same stream. */
  readonly before: readonly Json[];
};

/** Reading as events, and without a wait, unless the test says otherwise. */
export function filled(name: string, given: Json): Json {
  if (name !== "ams_recv" || "format" in given || "max_wait_ms" in given) return given;
  return { format: "events", wait_ms: 0, ...given };
}

/** Calls a tool in a session and reads its answer. */
export async function tool(
  url: string,
  session: string,
  name: string,
  given: Json = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<ToolAnswer> {
  const response = await ask(url, {
    body: call(name, filled(name, given)),
    headers: { "mcp-session-id": session, ...headers },
  });
  return readToolAnswer(await messages(response));
}

/** Calls a tool without a session, in the stateless era. */
export async function toolAlone(
  url: string,
  name: string,
  given: Json = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<ToolAnswer> {
  const response = await ask(url, {
    body: stateless("tools/call", { name, arguments: filled(name, given) }),
    headers: { ...statelessHeaders("tools/call", name), ...headers },
  });
  return readToolAnswer(await messages(response));
}

export function readToolAnswer(all: readonly Json[]): ToolAnswer {
  const answer = all.at(-1) as {
    readonly result?: {
      readonly isError?: boolean;
      readonly structuredContent: Record<string, unknown>;
      readonly content: readonly [{ readonly text: string }];
    };
    readonly error?: Json;
  };
  if (answer?.result === undefined) throw new Error(`no result: ${JSON.stringify(answer)}`);
  const { isError = false, structuredContent, content } = answer.result;
  const [{ text }] = content;
  return { isError, value: structuredContent, text, before: all.slice(0, -1) };
}

/** An event stream as it comes. */
export class EventStream {
  readonly response: Response;
  /** Everything that came, byte for byte. */
  text = "";
  ended = false;
  readonly #abort: AbortController;
  #changed: (() => void) | null = null;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    void this.#read();
  }

  static async open(url: string, request: Ask): Promise<EventStream> {
    const abort = new AbortController();
    const response = await ask(url, { ...request, signal: abort.signal });
    return new EventStream(response, abort);
  }

  get events(): readonly { readonly id: string | null; readonly message: Json }[] {
    return this.text.split("\n\n").flatMap((block) => {
      const lines = block.split("\n");
      const data = lines.find((line) => line.startsWith("data: {"));
      const id = lines.find((line) => line.startsWith("id: "))?.slice(4) ?? null;
      return data === undefined || !this.text.includes(`${block}\n\n`)
        ? []
        : [{ id, message: JSON.parse(data.slice(6)) }];
    });
  }

  /** The params of all notifications of one kind that came. */
  notices(kind: string): readonly Json[] {
    return this.events.flatMap(({ message }) =>
      message.method === `notifications/ams/${kind}` ? [message.params as Json] : [],
    );
  }

  /** Resolves when it holds; looks again whenever bytes come or the stream ends. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.ended) throw new Error(`the stream has ended: ${this.text.slice(-500)}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async untilEnded(): Promise<void> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        this.text += decoder.decode(chunk, { stream: true });
        this.#changed?.();
      }
    } catch {
      // It was cut: here or there.
    }
    this.ended = true;
    this.#changed?.();
  }
}

/** A time as the broker writes it. */
export const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What was said, among the events of an answer of `ams_recv`. */
export function tokens({ value }: Pick<ToolAnswer, "value">): readonly unknown[] {
  return (value.events ?? [])
    .filter(({ kind, data }) => kind === "token" && sentinelOf(String(data)) === null)
    .map(({ data }) => data);
}

/** Reads until so many tokens have come. */
export async function readUntil(
  url: string,
  session: string,
  count: number,
  cursor?: unknown,
): Promise<void> {
  let got = 0;
  let given: Json = cursor === undefined ? {} : { cursor };
  while (got < count) {
    const wait = { wait_ms: 5_000, max_events: 1_000 };
    got += tokens(await tool(url, session, "ams_recv", { ...given, ...wait })).length;
    given = {};
  }
}

/** A GET for the push stream of a session. */
export function sse(session: string, headers: Readonly<Record<string, string>> = {}): Ask {
  const own = { accept: "text/event-stream", "mcp-session-id": session };
  return { method: "GET", headers: { ...own, ...headers } };
}
