/** The official clients of both eras, with the notices that they received. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as AnyOldTransport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { filled, type Json } from "./raw.ts";

type Notice = { readonly method: string; readonly params: Json };
type Result = {
  readonly isError?: boolean;
  readonly structuredContent?: Record<string, unknown>;
};

/** What both have in common, for a test that is the same for each. */
export type AnyClient = {
  readonly call: (name: string, given?: Json) => Promise<Record<string, unknown>>;
  readonly notices: readonly Notice[];
  readonly until: (holds: (notices: readonly Notice[]) => boolean) => Promise<void>;
  readonly instructions: () => string;
  readonly close: () => Promise<void>;
};

export type Era = "1.x client, sessions" | "2.x client, auto" | "2.x client, 2026-07-28";

export const ERAS: readonly Era[] = [
  "1.x client, sessions",
  "2.x client, auto",
  "2.x client, 2026-07-28",
];

/** The capability by which a client asks for notifications. */
const ASKS_PUSH = { experimental: { ams: { push: true } } };

type Headers = Readonly<Record<string, string>>;

export async function connect(
  era: Era,
  url: string,
  name: string,
  headers: Headers = {},
): Promise<AnyClient> {
  return era === "1.x client, sessions"
    ? (await connectOld(url, name, headers)).any
    : (await connectNew(url, name, headers, era === "2.x client, auto" ? "auto" : "pin")).any;
}

export async function connectOld(url: string, name: string, headers: Headers = {}) {
  const client = new OldClient({ name, version: "1.0.0" }, { capabilities: ASKS_PUSH });
  const log = new Log();
  client.fallbackNotificationHandler = async ({ method, params }) =>
    log.note({ method, params: params ?? {} });
  const transport = new OldTransport(new URL(url), { requestInit: { headers } });
  // The class and its own interface disagree on optional members under our stricter reading.
  await client.connect(transport as AnyOldTransport);
  const call = (tool: string, given: Json = {}) =>
    client.callTool({ name: tool, arguments: given }) as Promise<Result>;
  return { client, transport, any: anyOf(log, call, client) };
}

export async function connectNew(
  url: string,
  name: string,
  headers: Headers = {},
  mode: "auto" | "pin" = "pin",
) {
  const negotiated = mode === "auto" ? ("auto" as const) : { pin: "2026-07-28" };
  const client = new Client(
    { name, version: "1.0.0" },
    { capabilities: ASKS_PUSH, versionNegotiation: { mode: negotiated } },
  );
  const log = new Log();
  client.fallbackNotificationHandler = async ({ method, params }) =>
    log.note({ method, params: params ?? {} });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  const call = (tool: string, given: Json = {}) =>
    client.callTool({ name: tool, arguments: given }) as Promise<Result>;
  return { client, any: anyOf(log, call, client), log };
}

class Log {
  readonly notices: Notice[] = [];
  #changed: (() => void) | null = null;

  note(notice: Notice): void {
    this.notices.push(notice);
    this.#changed?.();
  }

  async until(holds: (notices: readonly Notice[]) => boolean): Promise<void> {
    while (!holds(this.notices)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

function anyOf(
  log: Log,
  call: (name: string, given?: Json) => Promise<Result>,
  client: { getInstructions(): string | undefined; close(): Promise<void> },
): AnyClient {
  let handle: unknown; // As a model does that was answered one.
  return {
    call: async (name, given = {}) => {
      const isNamed = name === "ams_join" || handle === undefined;
      const own = isNamed || name === "ams_create_conversation" ? {} : { handle };
      const { isError, structuredContent } = await call(name, filled(name, { ...own, ...given }));
      if (isError) throw new Error(String(structuredContent?.error));
      handle = structuredContent?.handle ?? handle;
      return structuredContent ?? {};
    },
    notices: log.notices,
    until: (holds) => log.until(holds),
    instructions: () => client.getInstructions() ?? "",
    close: () => client.close(),
  };
}
