/** Requests to the service: JSON in, JSON out, an error of the service as `WorkflowError`. */
import { WorkflowError } from "./errors.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Milliseconds of one request, and tries of one that got no answer. */
const TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;
const PAUSE_MS = 200;

export class Http {
  readonly #base: string;
  readonly #credential: string | null;

  /** `base` is the conversation's address at the service. */
  constructor(base: string, credential: string | null) {
    this.#base = base;
    this.#credential = credential;
  }

  /**
   * The same bytes are sent again when no answer comes: every write here is safe to repeat, as the
   * service knows a message by its id. A 503 is tried again too.
   */
  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const text = body === undefined ? null : JSON.stringify(body);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#once(method, path, text).catch(() => null);
      if (answer !== null && answer.status !== 503) return await read(answer);
      if (attempt >= ATTEMPTS) {
        if (answer !== null) return await read(answer);
        throw new WorkflowError("unreachable", "The workflow service does not answer.");
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }

  async bytes(path: string): Promise<Uint8Array> {
    const answer = await this.#once("GET", path, null);
    if (!answer.ok) await read(answer);
    return new Uint8Array(await answer.arrayBuffer());
  }

  #once(method: string, path: string, body: string | null): Promise<Response> {
    return fetch(`${this.#base}${path}`, {
      method,
      body,
      headers: this.#credential === null ? {} : { authorization: `Bearer ${this.#credential}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
  }
}

/** Messages of one page. */
const PAGE = 500;

/** All messages of a listing, page by page. */
export async function* messagesOf(http: Http, path: string): AsyncIterable<Json> {
  for (let from: unknown = 0; typeof from === "number"; ) {
    const { messages, next } = await http.ask("GET", `${path}?from=${from}&limit=${PAGE}`);
    for (const message of Array.isArray(messages) ? messages : [])
      if (isJson(message)) yield message;
    from = next;
  }
}

async function read(answer: Response): Promise<Json> {
  if (answer.status === 204) return {};
  const value: unknown = await answer.json().catch(() => ({}));
  const fields = isJson(value) ? value : {};
  if (answer.ok) return fields;
  const code = typeof fields.error === "string" ? fields.error : "internal_error";
  const message = typeof fields.message === "string" ? fields.message : "The service failed.";
  throw new WorkflowError(code, message, { ...fields });
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textAt(fields: Json, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new WorkflowError("internal_error", `The service's answer has no ${name}.`);
}

export function numberAt(fields: Json, name: string): number {
  const value = fields[name];
  if (typeof value === "number") return value;
  throw new WorkflowError("internal_error", `The service's answer has no ${name}.`);
}
